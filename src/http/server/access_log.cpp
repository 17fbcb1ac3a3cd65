// The format is split into tokens once; then each answered request becomes one line, in which text from the client is
// escaped. connection.cpp takes the times and calls write().
#include "http/server/access_log.hpp"

#include <aio/base/error.hpp>
#include <aio/http/server/request.hpp>

#include "base/per_thread.hpp"
#include "http/server/exchange.hpp"
#include "http/server/request_state.hpp"
#include "http/wire/date.hpp"
#include "http/wire/syntax.hpp"

#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace aio::http {

void log_access_to_stdout(std::string_view line) {
    std::string text(line);
    text += '\n';
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

namespace detail {

namespace {

// What a client sent: nothing in it may look like the log's own text.
void append_safely(std::string& line, std::string_view text) {
    if (text.empty()) line += '-';
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u != 0x7f && c != '"' && c != '\\') {
            line += c;
            continue;
        }
        line += "\\x";
        wire::append_hex(line, c);
    }
}

void append_start(std::string& line, std::int64_t unix_time) {
    const std::time_t time = unix_time;
    std::tm parts;
    ::localtime_r(&time, &parts);
    char text[64];
    std::strftime(text, sizeof text, "[%d/%b/%Y:%H:%M:%S %z]", &parts);
    line += text;
}

}  // namespace

AccessLog::AccessLog(AccessLogSink sink, std::string_view format) : sink_(sink) { parse(format); }

void AccessLog::parse(std::string_view format) {
    const auto text = [&]() -> std::string& {
        if (parts_.empty() || parts_.back().token != Token::text) parts_.push_back({Token::text, {}});
        return parts_.back().text;
    };
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            text() += format[i];
            continue;
        }
        const std::string_view rest = format.substr(i + 1);
        if (rest.starts_with('%')) {
            text() += '%';
            ++i;
            continue;
        }
        if (rest.starts_with('{')) {
            const std::size_t close = rest.find('}');
            const char kind = close + 1 < rest.size() && close != std::string_view::npos ? rest[close + 1] : '\0';
            if (kind != 'i' && kind != 'o')
                throw ValueError("the access log's format has a '%{' without '}i' or '}o'");
            parts_.push_back({kind == 'i' ? Token::request_header : Token::response_header,
                              std::string(rest.substr(1, close - 1))});
            i += close + 2;
            continue;
        }
        static constexpr std::string_view kLetters = "atPrsbODT";
        static constexpr Token kTokens[] = {Token::remote,       Token::start,  Token::process,
                                            Token::request_line, Token::status, Token::bytes,
                                            Token::bytes,        Token::micros, Token::seconds};
        const std::size_t at = rest.empty() ? std::string_view::npos : kLetters.find(rest.front());
        if (at == std::string_view::npos) {
            throw ValueError("the access log's format has an unknown token: '%" + std::string(rest.substr(0, 1)) +
                             "'");
        }
        parts_.push_back({rest.starts_with("Tf") ? Token::fraction : kTokens[at], {}});
        i += rest.starts_with("Tf") ? 2 : 1;
    }
}

void AccessLog::append(std::string& line, const Part& part, Exchange& exchange, std::int64_t unix_time,
                       Duration took) const {
    const Request& request = exchange.request();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    switch (part.token) {
        case Token::text: line += part.text; break;
        case Token::remote: append_safely(line, request.remote()); break;
        case Token::start: append_start(line, unix_time); break;
        case Token::process: line += std::to_string(::getpid()); break;
        case Token::request_line:
            line.append(request.method()).append(" ");
            append_safely(line, request.state().head->target);
            line.append(request.minor_version() == 1 ? " HTTP/1.1" : " HTTP/1.0");
            break;
        case Token::status: line += std::to_string(exchange.status()); break;
        case Token::bytes: line += std::to_string(exchange.body_bytes()); break;
        case Token::seconds: line += std::to_string(micros / 1'000'000); break;
        case Token::micros: line += std::to_string(micros); break;
        case Token::fraction: {
            char text[32];
            std::snprintf(text, sizeof text, "%.6f", static_cast<double>(micros) / 1e6);
            line += text;
            break;
        }
        case Token::request_header: append_safely(line, request.headers().get(part.text, "")); break;
        case Token::response_header: {
            const auto& headers = exchange.logged_headers();
            append_safely(line, headers ? headers->get(part.text, "") : "");
            break;
        }
    }
}

void AccessLog::write(Exchange& exchange, std::int64_t unix_time, Duration took) const {
    constinit thread_local static aio::detail::PerThread<std::string> memory;
    std::string& line = memory.get();
    line.clear();
    for (const Part& part : parts_) append(line, part, exchange, unix_time, took);
    sink_(line);
}

}  // namespace detail

}  // namespace aio::http
