# Language level and warnings, for every target of this project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# -O2: -O3 buys nothing measurable here outside the kernels, which set their own.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# Debug is for the sanitizers, whose traces need lines and names; a full -g costs a quarter more.
set(CMAKE_CXX_FLAGS_DEBUG "-g1")

find_program(KAISAR_CCACHE ccache)
if(KAISAR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KAISAR_CCACHE})
endif()

# What the sanitizers link has 100 MB; lld takes a fifth of the time.
find_program(KAISAR_LLD ld.lld)
if(KAISAR_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()

add_library(kaisar_warnings INTERFACE)
target_compile_options(kaisar_warnings INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wsign-conversion;-Werror>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-Wall,-Wextra,-Wshadow>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(kaisar_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety>")
endif()

# kaisar_library(<folder> SOURCES … DEPS …): one target and one namespace per folder.
function(kaisar_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(kaisar_${folder} STATIC ${ARG_SOURCES})
  add_library(kaisar::${folder} ALIAS kaisar_${folder})
  target_include_directories(kaisar_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(kaisar_${folder} PUBLIC ${ARG_DEPS} PRIVATE kaisar_warnings)
  if(KAISAR_FUZZERS)
    # As -fsanitize=fuzzer-no-link, by which a precompiled header would not serve all targets.
    target_compile_options(kaisar_${folder} PRIVATE
      -fsanitize-coverage=inline-8bit-counters,indirect-calls,trace-cmp,pc-table)
  endif()
  kaisar_precompile(kaisar_${folder})
endfunction()

# kaisar_executable(<name> SOURCES … DEPS …)
function(kaisar_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} kaisar_warnings)
  kaisar_precompile(${name})
endfunction()

# kaisar_test(<name> LABEL unit|integration|… SOURCES … DEPS …): one GoogleTest program. tests/run has
# ctest count two processors a core: a test takes both, one that waits most of its time takes one.
function(kaisar_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 180)  # only to end what hangs; sanitizers and busy machines are slow
  endif()
  kaisar_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  if(ARG_LABEL STREQUAL "unit")
    add_dependencies(unit_tests ${name})  # built by the presets asan and tsan
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} PROCESSORS 2
    ENVIRONMENT "KAISAR_SOURCE_DIR=${PROJECT_SOURCE_DIR};KAISAR_BINARY_DIR=${PROJECT_BINARY_DIR}")
endfunction()
