# examples/NN_name.cpp: one program each. examples/tutorial/N_name.cpp: the same, each beside its twin in Python.
# examples/demo/*.cpp: together the program behind `./run demo`. The tests run all but the demo (tests/examples.cmake).
function(aiocpp_example target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE aiocpp::aiocpp fmt::fmt)
  aiocpp_compile_options(${target})
  aiocpp_unity(${target} 8)
  aiocpp_precompile_umbrellas(${target} examples)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
endfunction()

file(GLOB programs CONFIGURE_DEPENDS examples/[0-9]*.cpp)
foreach(program IN LISTS programs)
  cmake_path(GET program STEM name)
  aiocpp_example(example_${name} ${program})
endforeach()

file(GLOB programs CONFIGURE_DEPENDS examples/tutorial/*.cpp)
foreach(program IN LISTS programs)
  cmake_path(GET program STEM name)
  aiocpp_example(tutorial_${name} ${program})
endforeach()

file(GLOB demo CONFIGURE_DEPENDS examples/demo/*.cpp)
if(demo)
  aiocpp_example(aiocpp_demo ${demo})
endif()
