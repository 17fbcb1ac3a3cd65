#include "parser_property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    aio::fuzz::run_parser(aio::fuzz::Parser::Role::requests, aio::fuzz::as_text(data, size));
    return 0;
}
