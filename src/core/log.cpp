#include <aio/core/log.hpp>

#include <atomic>
#include <cstdio>
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
        // A logger that throws has nobody left to tell.
    }
}

}  // namespace aio
