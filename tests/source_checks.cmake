# Checks of the source itself. `./run check` runs the compiling ones with both compilers.
function(aiocpp_source_check name)
  add_test(NAME ${name} COMMAND Python3::Interpreter ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS source TIMEOUT 300)
endfunction()

set(tools ${PROJECT_SOURCE_DIR}/tools)
aiocpp_source_check(tools ${CMAKE_CURRENT_SOURCE_DIR}/tools/tools_test.py)
aiocpp_source_check(layers ${tools}/check_layers.py)
aiocpp_source_check(includes ${tools}/includes.py)
aiocpp_source_check(documented ${tools}/documented.py --require 85)
aiocpp_source_check(maps ${tools}/maps.py)
aiocpp_source_check(spelling ${tools}/spelling.py)
set_tests_properties(spelling PROPERTIES SKIP_RETURN_CODE 77)
aiocpp_source_check(semantics_cited ${tools}/semantics_cited.py)
aiocpp_source_check(extremes ${tools}/extremes.py)
aiocpp_source_check(headers_alone ${tools}/headers_alone.py --by-source --jobs 2 --compiler ${CMAKE_CXX_COMPILER})
aiocpp_source_check(snippets ${tools}/snippets.py --jobs 2 --compiler ${CMAKE_CXX_COMPILER})

# A thread_local with a destructor needs memory when a thread first reaches it, or ends the process: base/per_thread.hpp.
add_test(NAME no_thread_local_destructors COMMAND sh -c "! nm -A $<TARGET_FILE:aiocpp> | grep __cxa_thread_atexit")
set_tests_properties(no_thread_local_destructors PROPERTIES LABELS source)

# A program that uses no database is not larger for those there are: the linker takes no object of them from the archive.
if(TARGET example_01_hello AND NOT BUILD_SHARED_LIBS)
  add_test(NAME no_database_unasked
    COMMAND sh -c "! nm -C $<TARGET_FILE:example_01_hello> | grep -E 'aio::(db|pg|mysql|sqlite)::|sqlite3_'")
  set_tests_properties(no_database_unasked PROPERTIES LABELS source)
endif()

# Nor is one that does not ask for the watchdog larger for that; those that are built for debugging do ask.
if(TARGET example_01_hello AND NOT BUILD_SHARED_LIBS AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  add_test(NAME no_watchdog_unasked COMMAND sh -c "! nm -C $<TARGET_FILE:example_01_hello> | grep aio::debug::")
  set_tests_properties(no_watchdog_unasked PROPERTIES LABELS source)
endif()

# Groups of CPython's asyncio tests that are reproduced to the last name (tools/cpython_names.txt).
set(complete_groups tasks gather futures queues locks taskgroups timeouts wait_for runners subprocess unix_events loop threads streams tls network)
list(JOIN complete_groups "," complete_groups)
aiocpp_source_check(cpython_names ${tools}/names_of_tests.py CPython --require ${complete_groups})
# Each of asyncpg's tests has one here, or a reason why there is none.
aiocpp_source_check(asyncpg_names ${tools}/names_of_tests.py asyncpg --require all --whole)
aiocpp_source_check(aiomysql_names ${tools}/names_of_tests.py aiomysql --require all --whole)
aiocpp_source_check(websockets_names ${tools}/names_of_tests.py websockets --require all --whole)

file(GLOB programs CONFIGURE_DEPENDS must_not_compile/*.cpp)
aiocpp_source_check(must_not_compile
  ${tools}/must_not_compile.py --jobs 2 --compiler ${CMAKE_CXX_COMPILER} ${programs})
set_tests_properties(headers_alone snippets must_not_compile PROPERTIES PROCESSORS 2 COST 80)

aiocpp_source_check(tutorial.length ${CMAKE_CURRENT_SOURCE_DIR}/interop/twins.py --length ${PROJECT_SOURCE_DIR}/examples/tutorial)
