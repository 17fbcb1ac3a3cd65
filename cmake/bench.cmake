# bench/<layer>/*.cpp: one program each, in <build>/bench/. bench/run.py runs them against their rivals. Only
# in optimised builds without sanitizers, where their numbers mean something.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR AIOCPP_SANITIZE)
  return()
endif()

add_custom_target(aiocpp_bench COMMENT "All benchmarks are built")
file(GLOB programs CONFIGURE_DEPENDS bench/core/*.cpp bench/sync/*.cpp bench/io/*.cpp
  bench/http/*.cpp bench/ws/*.cpp bench/db/*.cpp)
foreach(program IN LISTS programs)
  cmake_path(GET program STEM name)
  add_executable(bench_${name} ${program})
  target_include_directories(bench_${name} PRIVATE bench)
  target_link_libraries(bench_${name} PRIVATE aiocpp::aiocpp fmt::fmt)
  aiocpp_compile_options(bench_${name})
  set_target_properties(bench_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  add_dependencies(aiocpp_bench bench_${name})
endforeach()
