# How this project's own targets are compiled. Nothing here reaches users of the installed package.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

function(aiocpp_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic $<$<BOOL:${AIOCPP_WERROR}>:-Werror>)
  # g++ 12 at -O3 warns of "text" + std::string: a known mistake of its own (GCC bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Our functions are not for others to replace at run time. (clang takes that for granted; g++, with -fPIC, would
    # inline none that another file may call.)
    target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  endif()
endfunction()

# aiocpp_unity(TARGET SOURCES_AT_ONCE): headers are read once for several sources, all of one folder. Measured for eight sources:
# 44 % of g++'s time, 30 to 65 % of clang's with sanitizers. A source that forgets an #include may then find it in its
# neighbour: presets without AIOCPP_UNITY, such as dev-clang, see that.
function(aiocpp_unity target count)
  if(NOT AIOCPP_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(SORT sources)
  set(folder "")
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    cmake_path(GET source PARENT_PATH parent)
    if(NOT parent STREQUAL folder OR together EQUAL count)
      set(folder ${parent})
      set(together 0)
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE group)
      string(MAKE_C_IDENTIFIER ${group} group)
    endif()
    math(EXPR together "${together} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  # What a source keeps to itself looks like a header's.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endfunction()

# aiocpp_precompile(TARGET GROUP HEADER...): TARGET is compiled with these headers precompiled, once for all targets of the
# GROUP. They must have the same options.
function(aiocpp_precompile target group)
  get_property(owner GLOBAL PROPERTY AIOCPP_PRECOMPILED_${group})
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
    return()
  endif()
  target_precompile_headers(${target} PRIVATE ${ARGN})
  # clang writes the headers' times into the result, which would then never be found in ccache.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  set_property(GLOBAL PROPERTY AIOCPP_PRECOMPILED_${group} ${target})
endfunction()

# For programs that include the umbrellas, where AIOCPP_UNITY asks for speed. Elsewhere they are compiled as users do it,
# which finds a forgotten include.
function(aiocpp_precompile_umbrellas target group)
  if(AIOCPP_UNITY)
    aiocpp_precompile(${target} ${group} <aio/aio.hpp> <aio/files.hpp> <aio/http.hpp>)
  endif()
endfunction()

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

if(AIOCPP_SANITIZE)
  add_compile_options(-fsanitize=${AIOCPP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${AIOCPP_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ tests the address of a thread_local for null with the flags of the addition that computes it, and the
    # linker replaces that addition by a lea, which sets none. AddressSanitizer sees true null accesses.
    add_compile_options(-fno-sanitize=null)
  endif()
endif()

# Many large programs are linked. Measured on a test executable of 72 MB: ld 7.3 s of CPU, gold 4.1, lld 1.9.
include(CheckLinkerFlag)
foreach(linker lld gold)
  check_linker_flag(CXX -fuse-ld=${linker} AIOCPP_LINKS_WITH_${linker})
  if(AIOCPP_LINKS_WITH_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()

# ccache has to be told that a precompiled header (the tests') may be trusted by content, and that the name of
# the build folder does not matter, or it would recompile what another preset or checkout compiled already.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    ${CCACHE_PROGRAM})
endif()
