# The test executables, one per layer.

# tests/support/: objects rather than a library, since the linker would drop the files of a library that
# nothing names, such as a test listener that registers itself. A main() there takes the place of gmock's.
function(aiocpp_test_support)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/support/*.cpp)
  if(sources)
    add_library(aiocpp_test_support OBJECT ${sources})
    aiocpp_test_target(aiocpp_test_support)
  endif()
endfunction()

# What all test code is compiled with. It sees include/, src/ (for what has no public header) and tests/.
function(aiocpp_test_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE aiocpp::aiocpp fmt::fmt GTest::gmock Threads::Threads)
  aiocpp_compile_options(${target})
  # GoogleTest's headers cost three seconds in every file; compiled once, they cost none.
  get_property(owner GLOBAL PROPERTY AIOCPP_GTEST_HEADERS)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    # clang writes the headers' times into the result, which would then never be found in ccache.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
    set_property(GLOBAL PROPERTY AIOCPP_GTEST_HEADERS ${target})
  endif()
endfunction()

# aiocpp_layer_tests(LAYER [BACKENDS ...] [RERUNS ...]): one executable, which ctest runs once per backend
# (AIO_BACKEND) and once per way to make life harder for it (AIO_TEST_RERUN: a failing allocation, a
# cancellation or an I/O error at each point in turn, shuffled order). Without backends it runs once.
# A rerun is on sim unless it names a backend ("io.epoll"): how an I/O error travels is each backend's own affair, the
# others look above the backends. With "-pool" frames are recycled. With ":8" something goes wrong at 8 points of each
# test, not at all of them (tests/support/README.md).
function(aiocpp_layer_tests layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "BACKENDS;RERUNS")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${layer}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  set(executable aiocpp_${layer}_tests)
  add_executable(${executable} ${sources})
  aiocpp_test_target(${executable})
  target_link_libraries(${executable} PRIVATE GTest::gmock_main)
  if(TARGET aiocpp_test_support)
    target_link_libraries(${executable} PRIVATE aiocpp_test_support)
  endif()
  if(layer STREQUAL cli)  # which is no part of the library; the program itself is run, against http's fake hosts
    target_sources(${executable} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/http/client/fake_host_test.cpp)
    target_link_libraries(${executable} PRIVATE aiocpp_cli CLI11::CLI11 nlohmann_json::nlohmann_json OpenSSL::Crypto)
    target_compile_definitions(${executable} PRIVATE AIOCPP_TOOL="$<TARGET_FILE:aiocpp_tool>")
    add_dependencies(${executable} aiocpp_tool)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND AIOCPP_SANITIZE STREQUAL thread)
    # The static runtime has an operator new of its own, which the tests' cannot replace.
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-resource-dir
      OUTPUT_VARIABLE resources OUTPUT_STRIP_TRAILING_WHITESPACE)
    target_link_options(${executable} PRIVATE -shared-libsan -Wl,-rpath,${resources}/lib/linux)
  endif()

  if(NOT arg_BACKENDS)
    aiocpp_layer_entry(${layer} ${executable} "")
  endif()
  foreach(backend IN LISTS arg_BACKENDS)
    aiocpp_layer_entry(${layer}.${backend} ${executable} AIO_BACKEND=${backend})
  endforeach()
  foreach(rerun IN LISTS arg_RERUNS)
    aiocpp_rerun_entry(${layer} ${executable} ${rerun})
  endforeach()
endfunction()

# An executable may exit with 77 to say that it cannot run here (a kernel that forbids io_uring).
function(aiocpp_layer_entry name executable environment)
  add_test(NAME ${name} COMMAND ${executable} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()

function(aiocpp_rerun_entry layer executable rerun)
  if(NOT rerun MATCHES "^(([a-z]+)(-pool)?([.]([a-z_]+))?)(:([0-9]+))?$")
    message(FATAL_ERROR "aiocpp_layer_tests: a rerun is MODE[-pool][.BACKEND][:POINTS], not '${rerun}'")
  endif()
  set(name ${layer}.rerun-${CMAKE_MATCH_1})
  set(environment AIO_TEST_RERUN=${CMAKE_MATCH_2})
  if(CMAKE_MATCH_3)
    list(APPEND environment AIO_TEST_FRAMES=pool)
  endif()
  if(CMAKE_MATCH_5)
    list(APPEND environment AIO_BACKEND=${CMAKE_MATCH_5})
  else()
    list(APPEND environment AIO_BACKEND=sim)
  endif()
  if(CMAKE_MATCH_7)
    list(APPEND environment AIO_TEST_POINTS=${CMAKE_MATCH_7})
  endif()
  aiocpp_layer_entry(${name} ${executable} "${environment}")
  set_tests_properties(${name} PROPERTIES LABELS "slow;rerun" TIMEOUT 900)
endfunction()
