// Counts the words of a text, line by line, and keeps the result in a file that is replaced at once.
//
//     14_files [FILE]
#include <aio/aio.hpp>
#include <aio/files.hpp>

#include <fmt/core.h>

#include <map>

// Without a file to count there is one of our own.
aio::Coro<> make_sample(std::string path) {
    auto out = co_await aio::files::open(path, "w");
    for (int i = 1; i <= 3; ++i) co_await out.write(fmt::format("the {} line\n", i == 1 ? "first" : "next"));
    co_await out.close();  // a full disk would be told here
}

aio::Coro<std::map<std::string, int>> count_words(std::string path) {
    std::map<std::string, int> counts;
    auto in = co_await aio::files::open(path);
    auto lines = in.lines();
    while (auto line = co_await lines.next()) {  // async for line in f
        std::string word;
        for (const char letter : *line) {
            if (letter != ' ' && letter != '\n') {
                word += letter;
            } else if (!word.empty()) {
                ++counts[std::exchange(word, "")];
            }
        }
    }
    co_await in.close();
    co_return counts;
}

aio::Coro<> async_main(std::string path) {
    // Everything in this directory is gone when it is cleaned up, or dropped.
    auto scratch = co_await aio::files::TemporaryDirectory();
    if (path.empty()) {
        path = scratch.name() + "/sample.txt";
        co_await make_sample(path);
    }

    std::string report;
    try {
        for (const auto& [word, count] : co_await count_words(path)) report += fmt::format("{:>4} {}\n", count, word);
    } catch (const aio::UnicodeDecodeError& error) {
        fmt::print("{}\n", error.what());
    } catch (const aio::OSError& error) {
        fmt::print("{}\n", error.what());  // "open 'x' for reading: No such file or directory (errno 2)"
    }

    const std::string result = scratch.name() + "/words.txt";
    co_await aio::files::write_file(result, report, {.atomic = true});  // readers see all of it, or none
    fmt::print("{}", co_await aio::files::read_file(result));
    co_await scratch.cleanup();
}

int main(int argc, char** argv) { aio::run(async_main(argc > 1 ? argv[1] : "")); }
