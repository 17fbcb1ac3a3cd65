// The first line of a message, read byte by byte: "GET /a HTTP/1.1" or "HTTP/1.1 200 OK", each with CR LF. llhttp knows the
// methods of a table only, takes RTSP and ICE, and skips spaces; so this line never reaches it.
//
// Source: RFC 9112 section 2.3 (version), 3 (request line), 4 (status line).
#pragma once

#include "http/wire/parser.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aio::http::wire {

class StartLine {
public:
    enum class Result : std::uint8_t { more, done, fault };

    StartLine(Parser::Role role, std::size_t limit) noexcept : limit_(limit), role_(role) {}

    void begin() noexcept;
    // Takes the bytes of the line from the front of `data`, and fills in the head's method, target, status, reason and
    // version. Of two faults the first byte's counts, however the data are cut. The method is a view into this object.
    Result take(std::string_view& data, Head& head);
    Fault fault() const noexcept { return fault_; }
    std::string_view explanation() const noexcept { return explanation_; }

private:
    // The last two are the line's end.
    enum class State : std::uint8_t { method, target, version, minor, space, code, reason_begin, reason, cr, lf };

    Result fail(Fault fault, std::string_view explanation) noexcept;
    Result take_method(std::string_view& data, Head& head) noexcept;
    Result take_target(std::string_view& data, Head& head);
    Result take_version(char c, Head& head) noexcept;
    Result take_code(char c, Head& head) noexcept;
    Result take_reason(std::string_view& data, Head& head);

    std::size_t limit_;              // of the target or the reason, in bytes
    std::array<char, 32> method_{};  // longer than every method of IANA's registry
    std::uint8_t method_size_ = 0;
    std::uint8_t at_ = 0;  // in the version's text, or of the code's digits
    Parser::Role role_;
    State state_ = State::method;
    Fault fault_ = Fault::none;
    std::string_view explanation_;
};

}  // namespace aio::http::wire
