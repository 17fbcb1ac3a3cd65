# The body of a find module for a library that ships no CMake package of its own: NAME::NAME, from pkg-config.
# Installed beside aiocppConfig.cmake, because whoever links the static libaiocpp.a needs these libraries as well.
include(FindPackageHandleStandardArgs)

macro(find_by_pkg_config name debian_package)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET ${name})
  endif()
  find_package_handle_standard_args(${name}
    REQUIRED_VARS ${name}_LINK_LIBRARIES
    VERSION_VAR ${name}_VERSION
    REASON_FAILURE_MESSAGE "on Debian: apt-get install pkg-config ${debian_package}")
  if(${name}_FOUND AND NOT TARGET ${name}::${name})
    add_library(${name}::${name} INTERFACE IMPORTED)
    target_link_libraries(${name}::${name} INTERFACE PkgConfig::${name})
  endif()
endmacro()
