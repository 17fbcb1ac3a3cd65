// A format of the access log, taken apart once.
#pragma once

#include <aio/core/time.hpp>
#include <aio/http/server/access_log.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::detail {

class Exchange;

class AccessLog {
public:
    // Errors: ValueError for a token that there is not.
    AccessLog(AccessLogSink sink, std::string_view format);
    // `exchange`: answered. `unix_time`: when it began.
    void write(Exchange& exchange, std::int64_t unix_time, Duration took) const;

private:
    enum class Token : std::uint8_t {
        text,
        remote,
        start,
        process,
        request_line,
        status,
        bytes,
        seconds,
        fraction,
        micros,
        request_header,
        response_header
    };
    struct Part {
        Token token;
        std::string text;  // or the header's name
    };
    void parse(std::string_view format);
    void append(std::string& line, const Part& part, Exchange& exchange, std::int64_t unix_time, Duration took) const;

    AccessLogSink sink_;
    std::vector<Part> parts_;
};

}  // namespace aio::http::detail
