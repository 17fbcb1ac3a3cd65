// The process-wide logger: set_logger(), the default one, and the noexcept functions that call it. The texts of reports
// are composed in reports.cpp, those about slow callbacks in observe.cpp.
#include <aio/core/log.hpp>

#include "core/log_parts.hpp"

#include <atomic>
#include <cstdio>
#include <new>
#include <string>

namespace aio {

namespace {

void write_to_stderr(LogLevel, std::string_view message) {
    // One write for one report, so that reports of two threads do not mix.
    const std::string line = "aiocpp: " + std::string(message) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

std::atomic<Logger> the_logger{write_to_stderr};

}  // namespace

Logger set_logger(Logger logger) noexcept { return the_logger.exchange(logger ? logger : write_to_stderr); }

void detail::log(LogLevel level, std::string_view message) noexcept {
    try {
        the_logger.load()(level, message);
    } catch (...) {
        // There is nowhere left to report that the logger failed.
    }
}

void detail::log_parts(LogLevel level, std::initializer_list<std::string_view> parts) noexcept {
    std::string message;
    try {
        for (const std::string_view part : parts) message += part;
    } catch (const std::bad_alloc&) {
        return log(level, *parts.begin());
    }
    log(level, message);
}

}  // namespace aio
