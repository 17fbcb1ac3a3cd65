# The program `aiocpp`, from src/cli. It uses the library, and is no part of it: its objects are for itself and for
# tests/cli.
file(GLOB sources CONFIGURE_DEPENDS src/cli/*.cpp)
list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

function(aiocpp_tool_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE AIOCPP_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${target} PRIVATE
    aiocpp::aiocpp CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json OpenSSL::Crypto)
  aiocpp_compile_options(${target})
  aiocpp_unity(${target} 8)
endfunction()

add_library(aiocpp_cli OBJECT ${sources})
aiocpp_tool_target(aiocpp_cli)

# The library has the name `aiocpp` as a target.
add_executable(aiocpp_tool src/cli/main.cpp)
aiocpp_tool_target(aiocpp_tool)
target_link_libraries(aiocpp_tool PRIVATE aiocpp_cli)
set_target_properties(aiocpp_tool PROPERTIES OUTPUT_NAME aiocpp RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(BUILD_SHARED_LIBS)
  # Installed, it finds the library beside it, wherever that is.
  file(RELATIVE_PATH library_from_bin /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
  set_target_properties(aiocpp_tool PROPERTIES INSTALL_RPATH "$ORIGIN/${library_from_bin}")
endif()
install(TARGETS aiocpp_tool)
