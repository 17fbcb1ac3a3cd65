// The text of the progress lines: names cut to a width, bars, sizes, rates, remaining times. console.cpp writes them.
#include "cli/progress.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace aio::cli {

namespace {

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Exactly `columns` wide: cut with "..", or filled with spaces. A character counts as one column.
std::string fit(std::string_view text, std::size_t columns) {
    const auto length = static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
    if (length <= columns) return std::string(text) + std::string(columns - length, ' ');
    std::size_t end = 0;
    for (std::size_t kept = 0; end < text.size(); ++end) {
        if (!continues_character(text[end]) && kept++ + 2 == columns) break;
    }
    return std::string(text.substr(0, end)) + "..";
}

std::string bar(double part, std::size_t cells) {
    const auto full = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(cells));
    return "[" + std::string(full, '#') + std::string(cells - full, '.') + "]";
}

std::string figures(const Transfer& transfer, TimePoint now) {
    const double rate = transfer.rate(now);
    std::string text = format_size(static_cast<double>(transfer.done));
    if (transfer.size) text += " of " + format_size(static_cast<double>(*transfer.size));
    text += fmt::format(", {}/s", format_size(rate));
    if (transfer.size && rate >= 1 && *transfer.size >= transfer.done) {
        const double left = static_cast<double>(*transfer.size - transfer.done) / rate;
        if (left < 1e6) {
            text += ", " + format_time(std::chrono::duration<double>(left));
        }
    }
    return text;
}

std::string line_of(const Transfer& transfer, std::size_t width, TimePoint now) {
    constexpr std::size_t kCells = 14, kFigures = 42;
    const std::size_t rest = kCells + 9 + kFigures;
    std::string line = fit(transfer.name, std::clamp<std::size_t>(width > rest ? width - rest : 0, 14, 40));
    if (transfer.size && *transfer.size > 0) {
        const double part = static_cast<double>(transfer.done) / static_cast<double>(*transfer.size);
        line += fmt::format(" {:3}% {} ", static_cast<int>(std::clamp(part, 0.0, 1.0) * 100), bar(part, kCells));
    } else {
        line += std::string(kCells + 9, ' ');
    }
    return fit(line + figures(transfer, now), width);
}

}  // namespace

std::string format_size(double bytes) {
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    // 1023.95 would be printed as 1024.0.
    while (bytes >= 1023.95 && unit + 1 < std::size(kUnits)) {
        bytes /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string format_time(Duration time) {
    const auto all = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    if (all >= 3600) return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
    return fmt::format("{}:{:02}", all / 60, all % 60);
}

double Transfer::rate(TimePoint now) const {
    const double time = seconds(now - started);
    return time > 0 ? static_cast<double>(done - std::min(resumed, done)) / time : 0;
}

Transfer& Progress::start(std::string name, TimePoint now) {
    if (!started_) started_ = now;
    Transfer& transfer = running_.emplace_back(std::move(name));
    transfer.started = now;
    return transfer;
}

void Progress::finish(Transfer& transfer) {
    ++finished_;
    bytes_ += transfer.done - std::min(transfer.resumed, transfer.done);
    running_.remove_if([&transfer](const Transfer& each) { return &each == &transfer; });
}

std::vector<std::string> Progress::render(std::size_t width, std::size_t most, TimePoint now) const {
    std::vector<std::string> lines;
    std::uint64_t bytes = bytes_;
    for (const Transfer& transfer : running_) {
        if (lines.size() < most) lines.push_back(line_of(transfer, width, now));
        bytes += transfer.done - std::min(transfer.resumed, transfer.done);
    }
    if (files_ < 2) return lines;
    const double time = started_ ? seconds(now - *started_) : 0;
    const double rate = time > 0 ? static_cast<double>(bytes) / time : 0;
    std::string all = fmt::format("{} of {} files, {}, {}/s", finished_, files_,
                                  format_size(static_cast<double>(bytes)), format_size(rate));
    if (running_.size() > most) all += fmt::format(", {} more in progress", running_.size() - most);
    lines.push_back(fit(all, width));
    return lines;
}

}  // namespace aio::cli
