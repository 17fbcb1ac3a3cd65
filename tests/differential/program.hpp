// Programs of generate.py as trees of statements, as program.py has them for the Python player.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace aio::test::differential {

struct Statement {
    std::string text, name;
    std::vector<int> numbers;
    std::vector<Statement> body;
    std::string catches;                   // a try's: error, cancel, any
    std::vector<Statement> handler, last;  // a try's catch and finally
};
using Block = std::vector<Statement>;

struct Body {
    int result = 0;
    Block statements;
};

struct Program {
    std::string name;
    std::vector<int> sizes{1, 1, 0, 0, 0, 2};
    std::map<int, Body> bodies;
    std::map<int, Block> callbacks;
};

// All programs of `in`, each of which begins with a line "program NAME".
std::vector<Program> read_programs(std::istream& in);

}  // namespace aio::test::differential
