// The files of web/, which cmake/EmbedFiles.cmake builds into the program.
#pragma once

#include <string_view>

namespace shoal {

struct WebFile {
  std::string_view path;  // "/index.html"
  std::string_view content_type;
  std::string_view body;
};

// nullptr when there is no file of this path.
const WebFile* find_web_file(std::string_view path);

}  // namespace shoal
