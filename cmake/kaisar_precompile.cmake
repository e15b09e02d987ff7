# Headers that most sources include are parsed once: by the presets asan and tsan for all targets
# (KAISAR_PRECOMPILE), by dev for the tests (KAISAR_PRECOMPILE_TESTS). The program itself does without
# there, so that a source of it that forgets an include does not build.
option(KAISAR_PRECOMPILE "Use one precompiled header for all libraries and programs" OFF)
option(KAISAR_PRECOMPILE_TESTS "Use one precompiled header for the tests" OFF)

# Makes the precompiled header, with the flags that hold in the calling folder.
macro(kaisar_make_precompiled)
  # GCC wants the same macros everywhere; gRPC and GoogleTest bring these.
  add_compile_options(-pthread)
  add_compile_definitions(GTEST_HAS_PTHREAD=1)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/precompile.cc CONTENT "")
  add_library(kaisar_precompile OBJECT ${PROJECT_BINARY_DIR}/precompile.cc)
  target_precompile_headers(kaisar_precompile PRIVATE
    <algorithm> <array> <chrono> <filesystem> <functional> <map> <memory> <optional> <random>
    <string> <vector>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/types/span.h>
    <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>
    <kaisar/v1/log.pb.h> <kaisar/v1/provider.pb.h>)
  target_link_libraries(kaisar_precompile PRIVATE kaisar_warnings kaisar::proto GTest::gmock
    absl::statusor absl::strings absl::span nlohmann_json::nlohmann_json)
  # ccache takes no precompiled header that bears the time of its making.
  target_compile_options(kaisar_precompile PRIVATE
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros)
endmacro()

if(KAISAR_PRECOMPILE)
  kaisar_make_precompiled()
endif()

# kaisar_precompile(<target>…): these include the precompiled header first, where there is one.
function(kaisar_precompile)
  if(KAISAR_PRECOMPILE)
    foreach(target IN LISTS ARGN)
      target_precompile_headers(${target} REUSE_FROM kaisar_precompile)
    endforeach()
  endif()
endfunction()
