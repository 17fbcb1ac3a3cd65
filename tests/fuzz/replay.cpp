// Runs a target over folders of inputs: its corpus, in every build but libFuzzer's, which brings its own main.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "property.hpp"

namespace {
std::string present;  // the input's file
}

int main(int argc, char** argv) {
    std::signal(SIGABRT, [](int) { std::fprintf(stderr, "in %s\n", present.c_str()); });
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            // Its end is the end of a block, where a sanitizer sees reads behind it.
            const std::vector<char> input{std::istreambuf_iterator<char>(file), {}};
            present = entry.path();
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
            ++count;
        }
    }
    if (count == 0) std::fputs("no inputs\n", stderr);
    return count == 0;
}
