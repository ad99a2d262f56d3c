# shoal_python_tests(LABEL FILE TIMEOUT seconds [SERIAL]): each test method of FILE is a test of its own, so that a
# skipped one is seen as skipped. They get the built program as SHOAL_PROGRAM.
function(shoal_python_tests label file)
  cmake_parse_arguments(ARG "SERIAL" "TIMEOUT" "" ${ARGN})
  set(path ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(STRINGS ${path} methods REGEX "^    def test_")
  get_filename_component(group ${file} NAME_WE)
  string(REGEX REPLACE "_test$" "" group ${group})
  foreach(method ${methods})
    string(REGEX REPLACE "^ *def (test_[a-z0-9_]+).*" "\\1" method ${method})
    string(REGEX REPLACE "^test_" "" title ${method})
    set(name ${label}/${group}.${title})
    add_test(NAME ${name}
             COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/support/run_test.py ${path} ${method})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
                         ENVIRONMENT SHOAL_PROGRAM=$<TARGET_FILE:shoal>)
    if(ARG_SERIAL)
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()
