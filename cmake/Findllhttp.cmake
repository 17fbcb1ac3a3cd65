# llhttp from its generated C sources, which Debian ships in node-llhttp (it has no library). Elsewhere:
# -DLLHTTP_ROOT=DIR, where DIR/llhttp.c is. Sets LLHTTP_SOURCES and LLHTTP_INCLUDE_DIR, for those who compile them.
include(FindPackageHandleStandardArgs)

find_path(LLHTTP_SOURCE_DIR llhttp.c HINTS ${LLHTTP_ROOT} PATHS /usr/share/llhttp PATH_SUFFIXES src)
find_path(LLHTTP_INCLUDE_DIR llhttp.h
  HINTS ${LLHTTP_ROOT} PATHS /usr/share/include/llhttp PATH_SUFFIXES include build)
if(LLHTTP_INCLUDE_DIR)
  file(STRINGS ${LLHTTP_INCLUDE_DIR}/llhttp.h version_lines REGEX "define LLHTTP_VERSION_(MAJOR|MINOR|PATCH)")
  list(TRANSFORM version_lines REPLACE ".* " "")
  list(JOIN version_lines "." LLHTTP_VERSION)
endif()
find_package_handle_standard_args(llhttp
  REQUIRED_VARS LLHTTP_SOURCE_DIR LLHTTP_INCLUDE_DIR
  VERSION_VAR LLHTTP_VERSION
  REASON_FAILURE_MESSAGE "on Debian: apt-get install node-llhttp, elsewhere -DLLHTTP_ROOT=DIR with its sources")
set(LLHTTP_SOURCES ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/http.c ${LLHTTP_SOURCE_DIR}/api.c)
mark_as_advanced(LLHTTP_SOURCE_DIR LLHTTP_INCLUDE_DIR)
