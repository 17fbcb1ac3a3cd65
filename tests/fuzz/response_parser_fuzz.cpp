#include "parser_property.hpp"

void aio::fuzz::run(std::string_view input) { run_parser(Parser::Role::responses, input); }
