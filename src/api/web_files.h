// The files of web/, built into the program by cmake/EmbedFiles.cmake.
#pragma once

#include <string_view>

namespace shoal {

struct WebFile {
  std::string_view path;  // "/index.html"
  std::string_view content_type;
  std::string_view body;
};

// nullptr when there is none of this path.
const WebFile* find_web_file(std::string_view path);

}  // namespace shoal
