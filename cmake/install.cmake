# What `cmake --install` lays down: headers, the library, the CMake package `aiocpp` and aiocpp.pc.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aiocpp)

install(TARGETS aiocpp aiocpp_watchdog EXPORT aiocppTargets)
install(DIRECTORY include/aio TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
install(EXPORT aiocppTargets NAMESPACE aiocpp:: DESTINATION ${package_dir})

configure_package_config_file(cmake/aiocppConfig.cmake.in aiocppConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(aiocppConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/aiocppConfig.cmake
  ${PROJECT_BINARY_DIR}/aiocppConfigVersion.cmake
  cmake/Findlibbrotlidec.cmake
  cmake/Findlibbrotlienc.cmake
  cmake/Findlibcares.cmake
  cmake/Findlibidn2.cmake
  cmake/Findlibpsl.cmake
  cmake/Findlibsqlite3.cmake
  cmake/Findlibunistring.cmake
  cmake/Findliburing.cmake
  cmake/Findlibzstd.cmake
  cmake/find_by_pkg_config.cmake
  DESTINATION ${package_dir})

# The .pc file finds its prefix from where it lies, so `cmake --install --prefix` works for it as well.
file(RELATIVE_PATH prefix_from_pc /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
set(AIOCPP_PC_DEFINITIONS "")
if(AIOCPP_ASSERTIONS)
  set(AIOCPP_PC_DEFINITIONS " -DAIOCPP_ASSERTIONS")
endif()
configure_file(cmake/aiocpp.pc.in aiocpp.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/aiocpp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
