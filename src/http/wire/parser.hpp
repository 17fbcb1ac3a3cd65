// Bytes in, messages out: HTTP/1.x requests or responses as a connection carries them, one after the other. No sockets,
// no coroutines.
//
//     while (true) {
//         switch (parser.next(data)) {                    // takes from the front of `data` what it needs
//             case Event::need_more: ...                  // all of `data` is taken: call with what comes next
//             case Event::head: use(parser.head());       // request line or status line, and header fields
//             case Event::body: use(parser.body());       // a view into what `data` was
//             case Event::end: use(parser.trailers());    // what is left in `data` belongs to the next message
//             case Event::fault: answer(parser.fault());  // nothing more can be read from this connection
//         }
//     }
//
// llhttp splits the header fields, in its strict mode; start lines and chunk lines are read here. What RFC 9112 forbids, or
// what programs on the way have been seen to read differently (request smuggling), is refused: bare LF and CR, obs-fold in
// requests, more than one space in the request line, a Transfer-Encoding that is not "chunked", Transfer-Encoding in
// HTTP/1.0, requests without exactly one valid Host, targets of no known form, versions other than 1.x. How the bytes are
// cut into pieces makes no difference to what comes out.
//
// Source: RFC 9112; llhttp 8.1 (Debian's node-llhttp).
#pragma once

#include <aio/http/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

// What an outsider may make us hold, in bytes. What exceeds it is a fault.
// Larger ones than kMost bytes, or a quarter as many fields, are as if they were that.
struct Limits {
    static constexpr std::size_t kMost = 1 << 30;
    std::size_t line = 8190;       // the request's target, or the status line's reason
    std::size_t field = 8190;      // one header field, name and value
    std::size_t fields = 128;      // how many there may be, of headers and of trailers
    std::size_t head = 64 * 1024;  // all header fields
};

struct Head {
    std::string_view method;  // of a request, as it was sent: a view into the parser, until the next message begins
    std::string target;       // of a request: as it was sent, still quoted
    int status = 0;           // of a response
    std::string reason;       // of a response: what stands behind the status, for people
    int minor_version = 1;    // HTTP/1.0 or 1.1, which later ones are taken for
    Headers headers;
    std::optional<std::uint64_t> content_length;  // as it was announced; a response to HEAD has it too, and no body
    bool chunked = false;
    bool keep_alive = true;         // another message may follow on this connection
    bool upgrade = false;           // a request: it would like to; a response: what follows is another protocol
    bool has_expect = false;        // a request, of HTTP/1.1: there is an Expect
    bool expects_continue = false;  // a request: its body comes after "100 Continue"

    void clear() noexcept;
};

enum class Event : std::uint8_t { need_more, head, body, end, fault };

enum class Fault : std::uint8_t {
    none,
    bad_message,                  // 400: it breaks the grammar, or means different things to different readers
    target_too_long,              // 414
    fields_too_large,             // 431
    unsupported_version,          // 505
    unsupported_transfer_coding,  // 501
    unsupported_method,           // 501
    unexpected_end,               // the connection ended within a message
    unexpected_data,              // bytes after a message that was to be the last
};

class Parser {
public:
    enum class Role : std::uint8_t { requests, responses };

    explicit Parser(Role role, const Limits& limits = {});
    Parser(Parser&&) noexcept;
    Parser& operator=(Parser&&) noexcept;
    ~Parser();

    // The next event that `data` holds. Errors: std::bad_alloc, and a fault from then on.
    Event next(std::string_view& data);
    // The connection has ended: Event::end if that completes a message (a response without a length), fault if it is
    // within one, else need_more.
    Event finish();

    // Valid from Event::head until the next message begins, to be moved from at will. After a fault it has what was read
    // before: an answer to HEAD has no content, however the request goes wrong.
    Head& head() noexcept;
    // Whether Event::head was the whole message: no body, and no Event::end.
    bool complete() const noexcept;
    // The view that came with Event::body, and whether a chunk of a chunked body ends with it.
    std::string_view body() const noexcept;
    bool body_ends_chunk() const noexcept;
    // Valid from Event::end until the next message begins.
    Headers& trailers() noexcept;
    const Headers& trailers() const noexcept;
    // Whether bytes of a message have come whose end has not.
    bool in_message() const noexcept;
    // Whether it is as it was made: between two messages, of which the last was not to be the last.
    bool may_rest() const noexcept;

    Fault fault() const noexcept;
    // For people: "Missing expected LF after header value".
    std::string_view explanation() const noexcept;

    // Responses: the next one answers HEAD (it has no body, whatever its header says) or CONNECT (after a success
    // there is another protocol).
    void expect_no_body() noexcept;
    void expect_tunnel() noexcept;

private:
    struct Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace aio::http::wire
