# libunistring::libunistring. It has no pkg-config file.
include(FindPackageHandleStandardArgs)

find_path(LIBUNISTRING_INCLUDE_DIR uninorm.h)
find_library(LIBUNISTRING_LIBRARY unistring)
find_package_handle_standard_args(libunistring
  REQUIRED_VARS LIBUNISTRING_LIBRARY LIBUNISTRING_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "on Debian: apt-get install libunistring-dev")
if(libunistring_FOUND AND NOT TARGET libunistring::libunistring)
  add_library(libunistring::libunistring INTERFACE IMPORTED)
  target_include_directories(libunistring::libunistring INTERFACE ${LIBUNISTRING_INCLUDE_DIR})
  target_link_libraries(libunistring::libunistring INTERFACE ${LIBUNISTRING_LIBRARY})
endif()
mark_as_advanced(LIBUNISTRING_INCLUDE_DIR LIBUNISTRING_LIBRARY)
