// The access log: one line for each request that was answered (aiohttp's AccessLogger).
//
// The tokens of the format, those of Apache that aiohttp supports:
//   %%  a percent sign             %a  the client's address          %t  when it began: [22/Nov/2026:18:00:00 +0000]
//   %P  the process id             %r  the request line              %s  the status
//   %b  bytes of the response's body                                 %O  the same
//   %T  seconds it took, whole     %Tf seconds with a fraction       %D  microseconds
//   %{NAME}i  a header of the request    %{NAME}o  a header of the response    ("-" where there is none)
//
// In data from clients, control characters and quotes are written as \xNN: no line can be forged.
// Source: aiohttp 3.11 web_log.py; Apache 2.4 mod_log_config.
#pragma once

#include <string>
#include <string_view>

namespace aio::http {

// The default format, the same as aiohttp's.
inline constexpr std::string_view kAccessLogFormat = R"(%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i")";

// A function that gets each line, without its line end. It is called on the loop's thread and should not block.
using AccessLogSink = void (*)(std::string_view line);

// Writes lines to standard output.
void log_access_to_stdout(std::string_view line);

}  // namespace aio::http
