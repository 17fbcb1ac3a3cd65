// Runs a target over inputs: packed ones (packed.py), and files in folders. In every build but libFuzzer's, which brings its
// own main.
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "property.hpp"

namespace {

std::string present;  // the input's name
std::size_t count = 0;

std::vector<std::uint8_t> content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The end of `input` is the end of a heap block: a sanitizer reports reads beyond it.
void run(const std::string& name, const std::vector<std::uint8_t>& input) {
    present = name;
    LLVMFuzzerTestOneInput(input.data(), input.size());
    ++count;
}

// False when the last input is cut short.
bool run_packed(const std::string& name) {
    const std::vector<std::uint8_t> all = content_of(name);
    std::size_t at = 0;
    for (int number = 0; at + 4 <= all.size(); ++number) {
        const std::size_t length = all[at] | all[at + 1] << 8 | all[at + 2] << 16 | std::size_t{all[at + 3]} << 24;
        at += 4;
        if (length > all.size() - at) return false;
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
        run(name + ", input " + std::to_string(number), {begin, begin + static_cast<std::ptrdiff_t>(length)});
        at += length;
    }
    return at == all.size();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGABRT, [](int) { std::fprintf(stderr, "in %s\n", present.c_str()); });
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::is_directory(argv[i])) {
            if (run_packed(argv[i])) continue;
            std::fprintf(stderr, "%s is no packed corpus\n", argv[i]);
            return 1;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (entry.is_regular_file()) run(entry.path(), content_of(entry.path()));
        }
    }
    if (count == 0) std::fputs("no inputs\n", stderr);
    return count == 0;
}
