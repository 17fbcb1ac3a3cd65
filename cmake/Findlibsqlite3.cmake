# libsqlite3::libsqlite3. Its pkg-config file has another name than its package.
include(FindPackageHandleStandardArgs)

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(libsqlite3 QUIET IMPORTED_TARGET sqlite3)
endif()
find_package_handle_standard_args(libsqlite3
  REQUIRED_VARS libsqlite3_LINK_LIBRARIES
  VERSION_VAR libsqlite3_VERSION
  REASON_FAILURE_MESSAGE "on Debian: apt-get install pkg-config libsqlite3-dev")
if(libsqlite3_FOUND AND NOT TARGET libsqlite3::libsqlite3)
  add_library(libsqlite3::libsqlite3 INTERFACE IMPORTED)
  target_link_libraries(libsqlite3::libsqlite3 INTERFACE PkgConfig::libsqlite3)
endif()
