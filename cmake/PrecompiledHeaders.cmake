# shoal_precompile(TARGET KIND [header…]): reads what nearly every source reads, the standard library and fmt, once for
# all targets of one KIND (a name for one set of compiler options) and not once a source. With headers of its own a target
# has a precompiled header of its own. A source with compiler options of its own takes none (kernels/).
set(SHOAL_COMMON_HEADERS
    <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <mutex> <optional> <set>
    <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

function(shoal_precompile target kind)
  if(ARGN)
    target_precompile_headers(${target} PRIVATE ${SHOAL_COMMON_HEADERS} ${ARGN})
    return()
  endif()
  get_property(owner GLOBAL PROPERTY SHOAL_PRECOMPILED_${kind})
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
    return()
  endif()
  set_property(GLOBAL PROPERTY SHOAL_PRECOMPILED_${kind} ${target})
  if(kind STREQUAL test)
    target_precompile_headers(${target} PRIVATE ${SHOAL_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  else()
    target_precompile_headers(${target} PRIVATE ${SHOAL_COMMON_HEADERS})
  endif()
endfunction()
