# The presets asan and tsan parse the headers that most sources include once (KAISAR_PRECOMPILE).
# The others do without, so that a source that forgets an include does not build there.
option(KAISAR_PRECOMPILE "Use one precompiled header for libraries and tests (Clang only)" OFF)

if(KAISAR_PRECOMPILE)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/precompile.cc CONTENT "")
  add_library(kaisar_precompile OBJECT ${PROJECT_BINARY_DIR}/precompile.cc)
  target_precompile_headers(kaisar_precompile PRIVATE
    <algorithm> <array> <chrono> <filesystem> <functional> <map> <memory> <optional> <random>
    <string> <vector>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/types/span.h>
    <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>
    <kaisar/v1/log.pb.h> <kaisar/v1/provider.pb.h>)
  target_link_libraries(kaisar_precompile PRIVATE kaisar::proto GTest::gmock
    absl::statusor absl::strings absl::span nlohmann_json::nlohmann_json)
  # ccache takes no precompiled header that bears the time of its making.
  target_compile_options(kaisar_precompile PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros)
endif()

# kaisar_precompile(<target>…): these include the precompiled header first, where there is one.
function(kaisar_precompile)
  if(KAISAR_PRECOMPILE)
    foreach(target IN LISTS ARGN)
      target_precompile_headers(${target} REUSE_FROM kaisar_precompile)
    endforeach()
  endif()
endfunction()
