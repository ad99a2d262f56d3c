# embed_files(TARGET FOLDER file…): the files as a source of TARGET, so that the program carries them. A file that
# changes is built in again.
set(SHOAL_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(embed_files target folder)
  set(source ${CMAKE_BINARY_DIR}/generated/${target}_files.cpp)
  list(TRANSFORM ARGN PREPEND ${folder}/ OUTPUT_VARIABLE paths)
  string(JOIN "," names ${ARGN})
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DEMBED_FOLDER=${folder} -DEMBED_NAMES=${names} -DEMBED_OUTPUT=${source} -P
            ${SHOAL_EMBED_SCRIPT}
    DEPENDS ${paths} ${SHOAL_EMBED_SCRIPT}
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()

function(content_type_of name variable)
  set(html "text/html; charset=utf-8")
  set(css "text/css; charset=utf-8")
  set(js "text/javascript; charset=utf-8")
  cmake_path(GET name EXTENSION LAST_ONLY extension)
  string(SUBSTRING ${extension} 1 -1 extension)
  if(NOT DEFINED ${extension})
    message(FATAL_ERROR "EmbedFiles: ${name} has no known type")
  endif()
  set(${variable} ${${extension}} PARENT_SCOPE)
endfunction()

# Run as a script: writes the source.
if(EMBED_OUTPUT)
  string(REPLACE "," ";" names ${EMBED_NAMES})
  set(arrays "")
  set(entries "")
  foreach(name ${names})
    file(READ ${EMBED_FOLDER}/${name} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes ${bytes})
    string(MAKE_C_IDENTIFIER ${name} identifier)
    content_type_of(${name} type)
    string(APPEND arrays "constexpr char ${identifier}[] = {${bytes}};\n")
    string(APPEND entries
           "    {\"/${name}\", \"${type}\", std::string_view(${identifier}, sizeof(${identifier}))},\n")
  endforeach()
  file(WRITE ${EMBED_OUTPUT}
       "#include \"api/web_files.h\"\n\nnamespace shoal {\nnamespace {\n\n${arrays}\n"
       "constexpr WebFile kFiles[] = {\n${entries}};\n\n}  // namespace\n\n"
       "const WebFile* find_web_file(std::string_view path) {\n"
       "  for (const WebFile& file : kFiles) {\n    if (file.path == path) return &file;\n  }\n"
       "  return nullptr;\n}\n\n}  // namespace shoal\n")
endif()
