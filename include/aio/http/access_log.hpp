// One line for each request that was answered (aiohttp's AccessLogger).
//
// The format's tokens, those of Apache that aiohttp knows:
//   %%  a percent sign             %a  the client's address          %t  when it began: [22/Nov/2026:18:00:00 +0000]
//   %P  the process's number       %r  the request line              %s  the status
//   %b  bytes of the response's body                                 %O  the same
//   %T  seconds it took, whole     %Tf seconds with a fraction       %D  microseconds
//   %{NAME}i  a header of the request    %{NAME}o  a header of the response    ("-" where there is none)
//
// What clients sent is written with control characters and quotes as \xNN: no line can be forged.
// Source: aiohttp 3.11 web_log.py; Apache 2.4 mod_log_config.
#pragma once

#include <string>
#include <string_view>

namespace aio::http {

inline constexpr std::string_view kAccessLogFormat = R"(%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i")";

// Where a line goes, without its end. Called on the loop's thread: it should not block.
using AccessLogSink = void (*)(std::string_view line);

// Writes lines to standard output.
void log_access_to_stdout(std::string_view line);

}  // namespace aio::http
