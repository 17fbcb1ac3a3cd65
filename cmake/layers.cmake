# aiocpp_layer(NAME [LOWER...] [DEPENDS LIBRARY...]): the object library aiocpp_NAME from src/NAME/**.cpp. It sees the usage
# requirements of the layers below it, and the libraries that it depends on. CMake cannot reject an #include that points
# upward, because all layers share include/; tools/check_layers.py does.
function(aiocpp_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS")
  if(AIOCPP_LAYERS AND NOT name IN_LIST AIOCPP_LAYERS)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_library(aiocpp_${name} OBJECT ${sources})
  target_compile_features(aiocpp_${name} PUBLIC cxx_std_20)
  target_compile_definitions(aiocpp_${name} PRIVATE AIOCPP_VERSION="${PROJECT_VERSION}"
    PUBLIC $<$<BOOL:${AIOCPP_ASSERTIONS}>:AIOCPP_ASSERTIONS>)
  target_include_directories(aiocpp_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(aiocpp_${name} PRIVATE ${arg_DEPENDS})
  # One set of objects serves the static and the shared library.
  set_target_properties(aiocpp_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  aiocpp_compile_options(aiocpp_${name})
  aiocpp_unity(aiocpp_${name} 8)
  if(AIOCPP_SANITIZE)
    # The library runs often, and is optimised; tests are compiled more than they run, and -O0 halves their cost.
    target_compile_options(aiocpp_${name} PRIVATE -O1)
  endif()
  foreach(lower IN LISTS arg_UNPARSED_ARGUMENTS)
    if(TARGET aiocpp_${lower})
      target_link_libraries(aiocpp_${name} PUBLIC aiocpp_${lower})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY AIOCPP_LAYERS ${name})
  set_property(GLOBAL APPEND PROPERTY AIOCPP_LAYER_DEPENDENCIES ${arg_DEPENDS})
endfunction()

# aiocpp_foreign_sources(NAME SOURCE... INCLUDE DIR DEFINE MACRO...): C sources that another project publishes instead
# of a library, compiled into the layer NAME, as they are: our warnings are not theirs.
function(aiocpp_foreign_sources name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "INCLUDE" "DEFINE")
  if(NOT TARGET aiocpp_${name})
    return()
  endif()
  target_sources(aiocpp_${name} PRIVATE ${arg_UNPARSED_ARGUMENTS})
  target_include_directories(aiocpp_${name} SYSTEM PRIVATE ${arg_INCLUDE})
  target_compile_definitions(aiocpp_${name} PRIVATE ${arg_DEFINE})
  # (Sources with options of their own are compiled alone in any case.)
  set_source_files_properties(${arg_UNPARSED_ARGUMENTS} PROPERTIES COMPILE_OPTIONS "-w;-O2;-fvisibility=hidden")
endfunction()

# aiocpp_llhttp(NAME): llhttp in the layer NAME. On x86-64 its machine is there once more, for processors with SSE 4.2, where
# it looks at sixteen bytes at once; src/http/wire/llhttp_execute.hpp chooses. What it defines gets other names.
function(aiocpp_llhttp name)
  set(common INCLUDE ${LLHTTP_INCLUDE_DIR} DEFINE LLHTTP_STRICT_MODE=1)
  aiocpp_foreign_sources(${name} ${LLHTTP_SOURCES} ${common})
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    return()
  endif()
  file(READ ${LLHTTP_SOURCE_DIR}/llhttp.c machine)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${LLHTTP_SOURCE_DIR}/llhttp.c)
  string(REPLACE "llhttp__internal__c_" "aio_llhttp_sse42_c_" machine "${machine}")
  string(REPLACE "llhttp__internal_init(" "aio_llhttp_sse42_init(" machine "${machine}")
  string(REPLACE "llhttp__internal_execute(" "aio_llhttp_sse42_execute(" machine "${machine}")
  set(second ${PROJECT_BINARY_DIR}/llhttp_sse42.c)
  file(GENERATE OUTPUT ${second} CONTENT "${machine}")
  aiocpp_foreign_sources(${name} ${second} ${common})
  set_property(SOURCE ${second} APPEND PROPERTY COMPILE_OPTIONS -msse4.2)
  set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/http/wire/parser.cpp APPEND PROPERTY COMPILE_DEFINITIONS AIO_LLHTTP_SSE42)
endfunction()

# Sets OBJECTS to the objects of all layers, and DEPENDENCIES to the libraries that they need. The objects are named one by
# one because a static library that *links* an object library would have to export it too.
function(aiocpp_layer_objects objects_out dependencies_out)
  get_property(layers GLOBAL PROPERTY AIOCPP_LAYERS)
  if(NOT layers)
    message(FATAL_ERROR "aiocpp: no layer has a source file under ${PROJECT_SOURCE_DIR}/src")
  endif()
  list(TRANSFORM layers REPLACE "(.+)" "$<TARGET_OBJECTS:aiocpp_\\1>" OUTPUT_VARIABLE objects)
  set(${objects_out} ${objects} PARENT_SCOPE)
  get_property(dependencies GLOBAL PROPERTY AIOCPP_LAYER_DEPENDENCIES)
  list(REMOVE_DUPLICATES dependencies)
  list(REMOVE_ITEM dependencies nlohmann_json::nlohmann_json)  # headers only, and none of its users' affair
  set(${dependencies_out} ${dependencies} PARENT_SCOPE)
endfunction()
