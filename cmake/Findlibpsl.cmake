include(${CMAKE_CURRENT_LIST_DIR}/find_by_pkg_config.cmake)
find_by_pkg_config(libpsl libpsl-dev)
