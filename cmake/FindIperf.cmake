# libiperf, which has neither pkg-config nor CMake files. Makes the target Iperf::iperf.
find_path(Iperf_INCLUDE_DIR iperf_api.h)
find_library(Iperf_LIBRARY iperf)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Iperf REQUIRED_VARS Iperf_LIBRARY Iperf_INCLUDE_DIR)
if(Iperf_FOUND AND NOT TARGET Iperf::iperf)
  # Shared: kaisar-iperf answers some of the calls that it makes of the system.
  add_library(Iperf::iperf SHARED IMPORTED)
  set_target_properties(Iperf::iperf PROPERTIES
    IMPORTED_LOCATION ${Iperf_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${Iperf_INCLUDE_DIR})
endif()
mark_as_advanced(Iperf_INCLUDE_DIR Iperf_LIBRARY)
