// Runs a target over files and folders of inputs: its corpus, in every build but libFuzzer's, which brings its own main.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "property.hpp"

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            // Its end is the end of a block, where a sanitizer sees reads behind it.
            const std::vector<char> input{std::istreambuf_iterator<char>(file), {}};
            std::fprintf(stderr, "%s\r", entry.path().c_str());  // the last one stays, if it was the last one
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
            ++count;
        }
    }
    std::fprintf(stderr, "\n%zu inputs\n", count);
    return count == 0;
}
