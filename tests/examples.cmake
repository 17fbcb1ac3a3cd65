# The numbered examples run to their end without an error. What examples/expected/NN.txt says of one's
# output, if it exists, is true (the format is told in tests/contract/check_output.py).
if(NOT AIOCPP_EXAMPLES)
  return()
endif()

# Those that fetch are given a server.
set(http_check_11 report)
set(http_check_12 fetch)

file(GLOB programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/[0-9]*.cpp)
foreach(program IN LISTS programs)
  cmake_path(GET program STEM name)
  string(REGEX MATCH "^[0-9]+" number ${name})
  set(expected ${PROJECT_SOURCE_DIR}/examples/expected/${number}.txt)
  set(check "")
  if(DEFINED http_check_${number})
    set(check Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/contract/check_http.py ${http_check_${number}})
  elseif(number STREQUAL 17)  # and this one is given a database
    set(check Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/contract/check_postgres.py ${expected})
  elseif(number STREQUAL 19)
    set(check Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/contract/check_mariadb.py ${expected})
  elseif(EXISTS ${expected})
    set(check Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/contract/check_output.py ${expected})
  endif()
  add_test(NAME examples.${name} COMMAND ${check} $<TARGET_FILE:example_${name}>)
  # Debug mode's watchdog reports what else 10 reports, where it is in the program.
  set_tests_properties(examples.${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 60 ENVIRONMENT AIO_WATCHDOG=off)
  if(number STREQUAL 20)  # once more on each server
    foreach(server postgres mariadb)
      add_test(NAME examples.${name}.${server} COMMAND Python3::Interpreter
        ${CMAKE_CURRENT_SOURCE_DIR}/contract/check_${server}.py ${expected} $<TARGET_FILE:example_${name}>)
      set_tests_properties(examples.${name}.${server} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 60)
    endforeach()
  endif()
endforeach()

# Each program of the tutorial says what its twin in Python says.
file(GLOB programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/tutorial/*.cpp)
foreach(program IN LISTS programs)
  cmake_path(GET program STEM name)
  cmake_path(REPLACE_EXTENSION program LAST_ONLY py OUTPUT_VARIABLE twin)
  add_test(NAME tutorial.${name}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/interop/twins.py ${twin} $<TARGET_FILE:tutorial_${name}>)
  set_tests_properties(tutorial.${name} PROPERTIES TIMEOUT 60)
endforeach()
