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

# Fake HTTP hosts, for the tests of http and of the program.
function(aiocpp_fake_host)
  if(TARGET aiocpp_http)
    add_library(aiocpp_fake_host OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/http/client/fake_host.cpp)
    aiocpp_test_target(aiocpp_fake_host)
  endif()
endfunction()

# What all test code is compiled with. It sees include/, src/ (for what has no public header) and tests/.
function(aiocpp_test_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE aiocpp::aiocpp fmt::fmt GTest::gmock Threads::Threads)
  aiocpp_compile_options(${target})
  aiocpp_unity(${target} 8)
  if(AIOCPP_UNITY AND AIOCPP_SANITIZE MATCHES undefined)
    # In the tests' own code AddressSanitizer sees null accesses too; these two checks are a sixth of its compile time.
    target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment)
  endif()
  # GoogleTest's headers cost three seconds in every file; compiled once, they cost none.
  aiocpp_precompile(${target} tests <gmock/gmock.h> <gtest/gtest.h>)
endfunction()

# aiocpp_layer_tests(NAME [BACKENDS ...] [RERUNS ...]): one executable from a folder, "http" or "http.client", which
# ctest runs once per backend (AIO_BACKEND) and once per fault that is injected (AIO_TEST_RERUN: a failing allocation, a
# cancellation or an I/O error at each point in turn, shuffled order). Without backends it runs once. A sub-folder
# declared before its parent is an executable of its own; the parent has the remaining files.
# A rerun is on sim unless it names a backend ("io.epoll"): how an I/O error travels differs between backends, the
# other reruns look at what is above them. With "-pool" frames are
# recycled. With ":8" something goes wrong at 8 points of each test, not at all of them (tests/support/README.md).
function(aiocpp_layer_tests layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "BACKENDS;RERUNS")
  string(REGEX MATCH "^[^.]+" tested ${layer})
  if(NOT TARGET aiocpp_${tested})  # it has no sources yet, or AIOCPP_LAYERS leaves it out
    return()
  endif()
  string(REPLACE "." "/" folder ${layer})
  string(REPLACE "." "_" target ${layer})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  get_property(taken GLOBAL PROPERTY AIOCPP_TEST_SOURCES)
  if(taken)
    list(REMOVE_ITEM sources ${taken})
  endif()
  if(NOT sources)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY AIOCPP_TEST_SOURCES ${sources})
  set(executable aiocpp_${target}_tests)
  add_executable(${executable} ${sources})
  aiocpp_test_target(${executable})
  target_link_libraries(${executable} PRIVATE GTest::gmock_main)
  if(TARGET aiocpp_test_support)
    target_link_libraries(${executable} PRIVATE aiocpp_test_support)
  endif()
  if(tested MATCHES "^(http|cli)$")
    target_link_libraries(${executable} PRIVATE aiocpp_fake_host)
  endif()
  if(layer STREQUAL io.stream)
    # A stranger: neither the library nor a sanitizer is in it.
    add_executable(aiocpp_stream_peer ${CMAKE_CURRENT_SOURCE_DIR}/io/stream/peer/stream_peer.cpp)
    target_link_libraries(aiocpp_stream_peer PRIVATE OpenSSL::SSL)
    target_compile_features(aiocpp_stream_peer PRIVATE cxx_std_20)
    target_compile_options(aiocpp_stream_peer PRIVATE -O2 -Wall -Wextra -fno-sanitize=all)
    target_link_options(aiocpp_stream_peer PRIVATE -fno-sanitize=all)
    target_compile_definitions(${executable} PRIVATE AIOCPP_STREAM_PEER="$<TARGET_FILE:aiocpp_stream_peer>")
    add_dependencies(${executable} aiocpp_stream_peer)
  endif()
  if(layer STREQUAL cli)  # which is no part of the library; the program itself is run
    target_link_libraries(${executable} PRIVATE aiocpp_cli CLI11::CLI11 nlohmann_json::nlohmann_json OpenSSL::Crypto)
    target_compile_definitions(${executable} PRIVATE AIOCPP_TOOL="$<TARGET_FILE:aiocpp_tool>")
    add_dependencies(${executable} aiocpp_tool)
    # A program that the tool looks into.
    set(shapes ${CMAKE_CURRENT_SOURCE_DIR}/cli/programs/shapes.cpp)
    add_executable(aiocpp_shapes ${shapes})
    target_link_libraries(aiocpp_shapes PRIVATE aiocpp::watchdog)
    aiocpp_compile_options(aiocpp_shapes)
    # One that asks for the watchdog by an option of run() and by nothing else.
    add_executable(aiocpp_blocks ${CMAKE_CURRENT_SOURCE_DIR}/cli/programs/blocks.cpp)
    target_link_libraries(aiocpp_blocks PRIVATE aiocpp::aiocpp)
    aiocpp_compile_options(aiocpp_blocks)
    target_compile_definitions(${executable} PRIVATE AIOCPP_BLOCKS="$<TARGET_FILE:aiocpp_blocks>")
    add_dependencies(${executable} aiocpp_blocks)
    target_compile_definitions(${executable} PRIVATE
      AIOCPP_SHAPES="$<TARGET_FILE:aiocpp_shapes>" AIOCPP_SHAPES_SOURCE="${shapes}")
    add_dependencies(${executable} aiocpp_shapes)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND AIOCPP_SANITIZE STREQUAL thread)
    # The static runtime has an operator new of its own, which the tests' cannot replace.
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-resource-dir
      OUTPUT_VARIABLE resources OUTPUT_STRIP_TRAILING_WHITESPACE)
    target_link_options(${executable} PRIVATE -shared-libsan -Wl,-rpath,${resources}/lib/linux)
  endif()

  # A driver is the same above each backend: CI's sanitizers see it on one, `./run check asan` on all.
  set(once_is_enough FALSE)
  if(AIOCPP_SANITIZE AND AIOCPP_UNITY AND layer MATCHES "^db[.]" AND "epoll" IN_LIST arg_BACKENDS)
    set(once_is_enough TRUE)
    set(arg_BACKENDS epoll)
  endif()

  if(NOT arg_BACKENDS)
    aiocpp_layer_entry(${layer} ${executable} "")
  endif()
  foreach(backend IN LISTS arg_BACKENDS)
    aiocpp_layer_entry(${layer}.${backend} ${executable} AIO_BACKEND=${backend})
  endforeach()
  if(AIOCPP_SANITIZE MATCHES address AND arg_BACKENDS AND NOT once_is_enough)
    # Once more with recycled frames, whose free memory is poisoned.
    aiocpp_layer_entry(${layer}.recycling ${executable} "AIO_TEST_RECYCLE=1;AIO_BACKEND=epoll")
    if(NOT tested STREQUAL core)
      set_tests_properties(${layer}.recycling PROPERTIES LABELS slow)
    endif()
  endif()
  foreach(rerun IN LISTS arg_RERUNS)
    aiocpp_rerun_entry(${layer} ${executable} ${rerun})
  endforeach()
endfunction()

# An executable may exit with 77 to say that it cannot run here (a kernel that forbids io_uring).
function(aiocpp_layer_entry name executable environment)
  add_test(NAME ${name} COMMAND ${executable} --gtest_brief=1)
  # tools/run_report.py reads from the results which tests were slow.
  set(results GTEST_OUTPUT=json:${PROJECT_BINARY_DIR}/results/${name}.json)
  # What takes long begins first (COST), so that no processor is idle at the end.
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "${environment};${results}" SKIP_RETURN_CODE 77 TIMEOUT 900 COST 50)
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
  set_tests_properties(${name} PROPERTIES LABELS "slow;rerun" TIMEOUT 900 COST 100)
endfunction()
