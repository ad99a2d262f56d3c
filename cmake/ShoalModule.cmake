# shoal_module(NAME ONE_THREAD OPTIMIZE level DEPS module… EXTERNAL target… PRECOMPILE header…): one library from src/NAME,
# one test program from its *_test.cpp files, and what tests of this and other modules share, *_for_test.cpp, as the library
# shoal_NAME_for_test. The dependencies named here are the only modules whose headers NAME may include; tools/tidy refuses
# any other edge. ONE_THREAD: its tests start no thread, so the thread sanitizer has nothing to see. OPTIMIZE: of a release
# build, where it is not -O1. PRECOMPILE: headers of libraries that most of its sources read.
function(shoal_module name)
  cmake_parse_arguments(ARG "ONE_THREAD" "OPTIMIZE" "DEPS;EXTERNAL;PRECOMPILE;TEST_EXTERNAL;TEST_DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|_bench\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(shared ${tests})
  list(FILTER tests EXCLUDE REGEX "_for_test\\.cpp$")
  list(FILTER shared INCLUDE REGEX "_for_test\\.cpp$")

  if(NOT sources)  # not written yet
    add_library(shoal_${name} INTERFACE)
    return()
  endif()
  shoal_unite(shoal_${name} sources)
  add_library(shoal_${name} STATIC ${sources})
  target_include_directories(shoal_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPS PREPEND shoal_ OUTPUT_VARIABLE libraries)
  target_link_libraries(shoal_${name} PUBLIC ${libraries} PRIVATE ${ARG_EXTERNAL} shoal_options)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Release)
    set(ARG_OPTIMIZE "")
  endif()
  target_compile_options(shoal_${name} PRIVATE ${ARG_OPTIMIZE})
  shoal_precompile(shoal_${name} "library${ARG_OPTIMIZE}" ${ARG_PRECOMPILE})

  if(BUILD_TESTING AND shared)
    add_library(shoal_${name}_for_test STATIC ${shared})
    target_link_libraries(shoal_${name}_for_test PUBLIC shoal_${name} PRIVATE shoal_options)
    shoal_precompile(shoal_${name}_for_test library)
  endif()
  if(BUILD_TESTING AND tests)
    shoal_unite(${name}_test tests)
    add_executable(${name}_test ${tests})
    list(TRANSFORM ARG_TEST_DEPS PREPEND shoal_ OUTPUT_VARIABLE test_libraries)
    target_link_libraries(${name}_test PRIVATE shoal_${name} ${test_libraries} shoal_base_for_test shoal_options
                                               GTest::gmock GTest::gtest_main ${ARG_EXTERNAL} ${ARG_TEST_EXTERNAL})
    shoal_precompile(${name}_test test)
    set(kind threads)
    if(ARG_ONE_THREAD)
      set(kind one_thread)
    endif()
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}/ DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT ${SHOAL_TEST_TIMEOUT} LABELS ${kind})
    add_dependencies(unit_tests_${kind} ${name}_test)
  endif()
endfunction()

# shoal_unite(NAME LIST): puts for the sources of LIST files that each include eight of them, which halves the time: most of
# a source's time goes into the headers it reads and the templates it fills in. So a name stands once in a module's unnamed
# namespaces. They name the sources as includes do, so that checkouts in different folders share what they compiled, which
# CMake's own UNITY_BUILD does not. A source whose compiler options were set before stays apart. The preset clang compiles
# each source by itself, as editors want it.
function(shoal_unite name list)
  if(NOT SHOAL_UNITE)
    return()
  endif()
  set(compiled "")
  set(count 0)
  foreach(source ${${list}})
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
    if(options OR definitions)
      list(APPEND compiled ${source})
      continue()
    endif()
    math(EXPR number "${count} / 8")
    math(EXPR count "${count} + 1")
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR}/src)
    string(APPEND batch_${number} "#include \"${source}\"\n")
  endforeach()
  if(count GREATER 0)
    foreach(batch RANGE ${number})
      set(file ${CMAKE_BINARY_DIR}/united/${name}_${batch}.cpp)
      file(CONFIGURE OUTPUT ${file} CONTENT "${batch_${batch}}" @ONLY)
      list(APPEND compiled ${file})
    endforeach()
  endif()
  set(${list} ${compiled} PARENT_SCOPE)
endfunction()
