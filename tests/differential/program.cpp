// Reading programs: a recursive descent over lines.
#include "program.hpp"

#include <algorithm>
#include <array>
#include <istream>
#include <sstream>
#include <string_view>

namespace aio::test::differential {

namespace {

constexpr std::array<std::string_view, 6> kBlocks{"try", "timeout", "group", "lock", "sem", "condition"};

struct Line {
    std::string text;
    std::vector<std::string> words;

    const std::string& name() const { return words.front(); }
    std::vector<int> numbers(std::size_t from) const {
        std::vector<int> all;
        for (std::size_t i = from; i < words.size(); ++i) all.push_back(std::stoi(words[i]));
        return all;
    }
};

// False at the end.
bool read_line(std::istream& in, Line& line) {
    std::string text;
    if (!std::getline(in, text)) return false;
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    std::istringstream words(text);
    line.words.clear();
    for (std::string word; words >> word;) line.words.push_back(word);
    if (line.words.empty()) line.words.push_back("end");
    line.text = std::move(text);
    return true;
}

// Up to the line that ends the block, which `closing` becomes.
Block read_block(std::istream& in, Line& closing) {
    Block block;
    Line line;
    while (read_line(in, line) && line.name() != "end" && line.name() != "catch" && line.name() != "finally") {
        Statement statement;
        statement.text = line.text;
        statement.name = line.name();
        statement.numbers = line.numbers(1);
        if (std::find(kBlocks.begin(), kBlocks.end(), statement.name) != kBlocks.end()) {
            Line end;
            statement.body = read_block(in, end);
            if (end.name() == "catch") {
                statement.catches = end.words.at(1);
                statement.handler = read_block(in, end);
            }
            if (end.name() == "finally") statement.last = read_block(in, end);
        }
        block.push_back(std::move(statement));
    }
    closing = std::move(line);
    return block;
}

}  // namespace

std::vector<Program> read_programs(std::istream& in) {
    std::vector<Program> programs;
    Line line, end;
    while (read_line(in, line)) {
        if (line.name() == "program") {
            programs.emplace_back().name = line.words.at(1);
        } else if (line.name() == "objects") {
            programs.back().sizes = line.numbers(1);
        } else if (line.name() == "body") {
            programs.back().bodies[std::stoi(line.words.at(1))] = {std::stoi(line.words.at(2)), read_block(in, end)};
        } else if (line.name() == "callback") {
            programs.back().callbacks[std::stoi(line.words.at(1))] = read_block(in, end);
        }
    }
    return programs;
}

}  // namespace aio::test::differential
