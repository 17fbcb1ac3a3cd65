#include "console.hpp"

#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>

namespace demo {

namespace {

constexpr const char* kBold = "1";
constexpr const char* kDim = "2";
constexpr const char* kRed = "1;31";
constexpr const char* kGreen = "32";
constexpr const char* kBlue = "1;36";
constexpr std::size_t kWidth = 78;

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    while (times-- > 0) all += text;
    return all;
}

}  // namespace

Console::Console() : start_(std::chrono::steady_clock::now()) {
    terminal_ = ::isatty(STDOUT_FILENO) == 1;
    coloured_ = terminal_ && !std::getenv("NO_COLOR");
    std::setlocale(LC_CTYPE, "");
    unicode_ = terminal_ && std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

std::string Console::painted(std::string_view text, const char* colour) const {
    return coloured_ ? fmt::format("\033[{}m{}\033[0m", colour, text) : std::string(text);
}

void Console::title(std::string_view text) { fmt::print("{}\n", painted(text, kBold)); }

void Console::heading(std::string_view text) {
    end_progress();
    part_ = text;
    const std::string_view rule = unicode_ ? "─" : "-";
    const std::size_t rest = kWidth - std::min(kWidth, text.size() + 4);
    fmt::print("\n{}\n", painted(fmt::format("{} {} {}", repeated(rule, 2), text, repeated(rule, rest)), kBlue));
    start_ = std::chrono::steady_clock::now();
}

void Console::explain(std::string_view text) { fmt::print("   {}\n", painted(text, kDim)); }

void Console::line(std::string_view text) {
    end_progress();
    fmt::print("   {}  {}\n", painted(fmt::format("{:5.2f} s", elapsed()), kDim), text);
}

void Console::emphasised(std::string text) {
    end_progress();
    fmt::print("   {} {}\n", painted(unicode_ ? "✔" : "=>", kGreen), painted(text, kBold));
    results_.emplace_back(part_, std::move(text));
}

void Console::error(std::string_view text) {
    end_progress();
    fmt::print("   {}\n", painted(fmt::format("{} {}", unicode_ ? "✘" : "!!", text), kRed));
}

double Console::elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Console::progress(std::string_view what, std::size_t done, std::size_t all) {
    if (!terminal_) return;
    constexpr std::size_t kCells = 40;
    const std::size_t full = all == 0 ? kCells : done * kCells / all;
    fmt::print("\r   {}  {}{} {}/{} {}", painted(fmt::format("{:5.2f} s", elapsed()), kDim),
               painted(repeated(unicode_ ? "━" : "#", full), kGreen),
               painted(repeated(unicode_ ? "━" : ".", kCells - full), kDim), done, all, what);
    std::fflush(stdout);
    bar_shown_ = true;
}

void Console::end_progress() {
    if (!std::exchange(bar_shown_, false)) return;
    fmt::print("\r\033[K");
}

void Console::summary() {
    if (results_.empty()) return;
    heading("In short");
    std::size_t width = 0;
    for (const auto& [part, result] : results_) width = std::max(width, part.size());
    for (const auto& [part, result] : results_) fmt::print("   {:<{}}  {}\n", part, width, painted(result, kBold));
}

}  // namespace demo
