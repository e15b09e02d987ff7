# CUDA, where there is a toolkit: KAISAR_CUDA AUTO (the default), ON (an error without one) or OFF.
# What it builds starts on machines without a GPU or a driver, too.
set(KAISAR_CUDA AUTO CACHE STRING "Build the GPU's side: AUTO, ON or OFF")
set_property(CACHE KAISAR_CUDA PROPERTY STRINGS AUTO ON OFF)

# Code for every generation since Turing, and intermediate code for those to come. The "a" of 90a
# allows wgmma; 120 is compiled for later ones when the program starts there.
set(KAISAR_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90a-real 100-real 120
    CACHE STRING "Compute capabilities to build for")

set(KAISAR_HAVE_CUDA OFF)
if(NOT KAISAR_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  find_program(CMAKE_CUDA_COMPILER nvcc HINTS /usr/local/cuda/bin ENV CUDA_PATH PATH_SUFFIXES bin)
  if(CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_ARCHITECTURES ${KAISAR_CUDA_ARCHITECTURES})
    # The one that this project's C++ is built with.
    set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
    if(KAISAR_CCACHE)
      set(CMAKE_CUDA_COMPILER_LAUNCHER ${KAISAR_CCACHE})
    endif()
    enable_language(CUDA)
    # CMake 3.25 does not know that nvcc 12 and later take C++20.
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA_STANDARD 20)
    set(CMAKE_CUDA_EXTENSIONS OFF)
    set(CMAKE_CUDA_FLAGS_RELEASE "-O3 -DNDEBUG -lineinfo")
    set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
    find_package(CUDAToolkit 12.4 REQUIRED)
    set(KAISAR_HAVE_CUDA ON)
  elseif(KAISAR_CUDA STREQUAL "ON")
    message(FATAL_ERROR "KAISAR_CUDA is ON, but nvcc is neither on the PATH nor in /usr/local/cuda/bin")
  endif()
endif()
message(STATUS "CUDA: ${KAISAR_HAVE_CUDA}")
