// Runs the target over files and folders of inputs: its corpus, in every build. With libFuzzer, which brings a main of its
// own, only the hook is compiled.
#include "property.hpp"

#ifndef AIOCPP_FUZZ
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    aio::fuzz::run({reinterpret_cast<const char*>(data), size});
    return 0;
}

#ifndef AIOCPP_FUZZ
int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            const std::vector<char> input{std::istreambuf_iterator<char>(file), {}};  // its end is the block's end
            std::fprintf(stderr, "%s\r", entry.path().c_str());                       // the last one stays
            aio::fuzz::run({input.data(), input.size()});
            ++count;
        }
    }
    if (count == 0) std::fprintf(stderr, "no inputs in %s\n", argc > 1 ? argv[1] : "(no folder)");
    return count == 0;
}
#endif
