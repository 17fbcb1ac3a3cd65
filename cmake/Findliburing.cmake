# liburing::liburing, from pkg-config: liburing ships no CMake package of its own. Installed beside
# aiocppConfig.cmake, because whoever links the static libaiocpp.a needs it as well.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(liburing QUIET IMPORTED_TARGET liburing)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(liburing
  REQUIRED_VARS liburing_LINK_LIBRARIES
  VERSION_VAR liburing_VERSION
  REASON_FAILURE_MESSAGE "on Debian: apt-get install pkg-config liburing-dev")

if(liburing_FOUND AND NOT TARGET liburing::liburing)
  add_library(liburing::liburing INTERFACE IMPORTED)
  target_link_libraries(liburing::liburing INTERFACE PkgConfig::liburing)
endif()
