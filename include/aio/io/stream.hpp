// Streams: connections that are read and written as asyncio's StreamReader and StreamWriter.
//
//     auto [reader, writer] = co_await aio::open_connection("127.0.0.1", 8080);
//     writer.write("hello\n");
//     co_await writer.drain();
//     std::string line = co_await reader.readline();
//     writer.close();
//     co_await writer.wait_closed();
//
// Both are handles: cheap to copy, all copies name the same connection. When the last one is gone, a connection
// that is still open is closed as close() does: what was written is still sent.
//
// What is written in one pass of the loop goes out together at its end, in one system call. Reading pauses while
// more than twice the limit is buffered, writing (drain) while more than the high-water mark is.
//
// Thread rule: a stream belongs to the thread of its loop.
// Source: asyncio streams, CPython 3.13 streams.py; semantics 42 to 46 of docs/semantics.md.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>
#include <aio/io/address.hpp>
#include <aio/io/ssl_use.hpp>
#include <aio/io/stream_awaiters.hpp>
#include <aio/io/stream_core.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio {

// The read operations come in two forms. The one named as in asyncio returns a std::string; the twin ending in
// _view returns a view into the stream's buffer, valid until the next read on this stream, and copies nothing.
//
// Of all of them: *Resumes* in the pass after the data came; at once, without suspending, when they are there.
// *Cancel*: nothing is consumed. *Errors*: what set_exception() was given (ConnectionResetError... when the
// connection broke); RuntimeError while another read of this stream waits.
class StreamReader {
    using View = std::string_view;
    using Kind = detail::ReadKind;
    template <class R, detail::ReadKind K>
    using Read = detail::Read<R, K>;

public:
    // A reader without a connection, which is fed by hand: for tests. Errors: ValueError for a limit of 0.
    explicit StreamReader(std::size_t limit = detail::kDefaultLimit);
    explicit StreamReader(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}

    // At most `size` bytes: waits until there is at least one. Empty at the end of the stream. Without a size, or
    // with a negative one: everything until the end of the stream.
    Read<std::string, Kind::some> read(std::ptrdiff_t size = -1) const {
        return Read<std::string, Kind::some>(stream_, size);
    }
    Read<View, Kind::some> read_view(std::ptrdiff_t size = -1) const { return Read<View, Kind::some>(stream_, size); }

    // Exactly `size` bytes. Errors: IncompleteReadError with what there was, when the stream ends before;
    // ValueError for a negative size.
    Read<std::string, Kind::exactly> readexactly(std::ptrdiff_t size) const {
        return Read<std::string, Kind::exactly>(stream_, size);
    }
    Read<View, Kind::exactly> readexactly_view(std::ptrdiff_t size) const {
        return Read<View, Kind::exactly>(stream_, size);
    }

    // A line with its "\n"; at the end of the stream what is left, or an empty string.
    // Errors: ValueError when the line is longer than the limit; it is dropped, as far as it came.
    Read<std::string, Kind::line> readline() const { return Read<std::string, Kind::line>(stream_); }
    Read<View, Kind::line> readline_view() const { return Read<View, Kind::line>(stream_); }

    // What there is up to a separator, and the separator. Of several, the one that ends first counts.
    // Errors: IncompleteReadError when the stream ends before; LimitOverrunError when what is before the separator
    // is longer than the limit: the data stay. ValueError for an empty separator or none.
    detail::Until<std::string> readuntil(std::string_view separator = "\n") const {
        return detail::Until<std::string>(stream_, separators({separator}));
    }
    detail::Until<View> readuntil_view(std::string_view separator = "\n") const {
        return detail::Until<View>(stream_, separators({separator}));
    }
    template <class... More>
    detail::Until<std::string> readuntil(std::string_view first, std::string_view second, More... more) const {
        return detail::Until<std::string>(stream_, separators({first, second, std::string_view(more)...}));
    }
    template <class... More>
    detail::Until<View> readuntil_view(std::string_view first, std::string_view second, More... more) const {
        return detail::Until<View>(stream_, separators({first, second, std::string_view(more)...}));
    }
    detail::Until<std::string> readuntil(std::vector<std::string> several) const {
        return detail::Until<std::string>(stream_, separators(std::move(several)));
    }

    // The lines until the end of the stream: `while (auto line = co_await lines.next()) ...`.
    class Lines {
    public:
        explicit Lines(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}
        detail::NextLine next() const { return detail::NextLine(stream_); }

    private:
        detail::StreamRef stream_;
    };
    Lines lines() const { return Lines(stream_); }

    // Whether the stream has ended and all of it was read.
    bool at_eof() const noexcept { return stream_->at_eof(); }
    // What set_exception() was given, or null.
    std::exception_ptr exception() const noexcept { return stream_->exception(); }
    std::size_t limit() const noexcept { return stream_->limit(); }

    // What a transport calls. Errors: RuntimeError when data come after the end; std::bad_alloc.
    void feed_data(std::string_view data) const { stream_->feed_data(data); }
    void feed_eof() const noexcept { stream_->feed_eof(); }
    void set_exception(std::exception_ptr error) const noexcept { stream_->set_exception(std::move(error)); }
    template <class E>
        requires(!std::same_as<std::remove_cvref_t<E>, std::exception_ptr>)
    void set_exception(E&& error) const {
        set_exception(std::make_exception_ptr(std::forward<E>(error)));
    }

    const detail::StreamRef& stream() const noexcept { return stream_; }

private:
    static detail::Separators separators(std::initializer_list<std::string_view> given);
    static detail::Separators separators(std::vector<std::string> given);

    detail::StreamRef stream_;
};

// How to secure a connection that is there. Trivially destructible, as ConnectionOptions is.
struct StartTlsOptions {
    std::optional<bool> server_side = {};                  // else: true for connections that a server accepted
    std::optional<std::string_view> server_hostname = {};  // as in ConnectionOptions; there is no default
    std::optional<Duration> ssl_handshake_timeout = {};    // else: 60 seconds
    std::optional<Duration> ssl_shutdown_timeout = {};     // else: 30 seconds without progress
    const ssl::SSLSession* ssl_session = nullptr;          // a client's, to resume
    bool suppress_ragged_eofs = true;                      // false: an end without close_notify is an SSLEOFError
};

class StreamWriter {
public:
    explicit StreamWriter(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}

    // Appends to what goes out at the end of this pass; never waits: drain() does. After the connection is lost
    // the data are dropped silently, and from the fifth time on with a warning.
    // Errors: RuntimeError after write_eof(); std::bad_alloc, and nothing was taken.
    void write(std::string_view data) const { stream_->write(data); }
    // The pieces one after the other, of any range of strings.
    template <class Pieces>
    void writelines(const Pieces& pieces) const {
        for (const auto& piece : pieces) write(piece);
    }

    // Waits until the buffer is below its low-water mark, if it was above the high one; else does not suspend. Any
    // number of tasks may wait. Errors: the reader's exception; ConnectionResetError after the connection was
    // lost. On a stream that is closing it gives the loop one pass first.
    detail::Drain drain() const { return detail::Drain(stream_); }

    bool can_write_eof() const noexcept { return stream_->can_write_eof(); }
    // Ends the writing direction, after what is buffered. The peer reads to the end; reading here goes on.
    void write_eof() const { stream_->write_eof(); }

    // Sends what is buffered, then closes. Reading ends at once.
    void close() const { stream_->close(); }
    bool is_closing() const noexcept { return stream_->is_closing(); }
    // Closes now; what is buffered is dropped.
    void abort() const { stream_->abort(); }
    // Waits until the connection is closed and its descriptor is gone. Errors: what ended it, if that was a failure.
    detail::WaitClosed wait_closed() const { return detail::WaitClosed(stream_); }

    // asyncio's get_extra_info("peername"), ("sockname") and ("socket").fileno(). Once the connection is closed
    // peername() is still known if it is an IP address; sockname() is empty and fileno() is -1.
    Address peername() const { return stream_->peername(); }
    Address sockname() const { return stream_->sockname(); }
    int fileno() const noexcept { return stream_->fileno(); }

    // Makes this connection one over TLS, for both its ends, and waits for the handshake (STARTTLS). What was
    // written before goes out first, in the clear. What was received and not read yet must belong to the handshake:
    // it goes to TLS, so that nothing that was sent in the clear can pass for something that came encrypted.
    // A connection over TLS gets TLS inside TLS. Until it returns, write() is possible, and goes out encrypted.
    // Cancel: the connection is aborted. Errors: as open_connection with ssl; the connection is closed then.
    // RuntimeError without a connection; ConnectionResetError when it is closing or at its end.
    Coro<> start_tls(const ssl::SSLContext& context, StartTlsOptions options = {}) const;
    // asyncio's get_extra_info("ssl_object"), ("peercert"), ("cipher"): include <aio/io/ssl.hpp>.
    ssl::SSLObject ssl_object() const;

    // When drain() begins to wait and when it stops, in bytes. Default: 64 KiB (TLS: 512) and a quarter of it; without
    // `low`, a quarter of `high`. high = 0: drain() waits until everything is sent. Errors: ValueError if low > high.
    void set_write_buffer_limits(std::size_t high = detail::kDefaultHighWater,
                                 std::optional<std::size_t> low = std::nullopt) const {
        stream_->set_write_buffer_limits(high, low.value_or(high / 4));
    }
    std::size_t get_write_buffer_size() const noexcept { return stream_->write_buffer_size(); }

    const detail::StreamRef& stream() const noexcept { return stream_; }

private:
    detail::StreamRef stream_;
};

// How to connect. Trivially destructible, so that `{.limit = ...}` is safe inside a co_await expression on g++ 12.
struct ConnectionOptions {
    std::size_t limit = detail::kDefaultLimit;  // of the reader's buffer, in bytes
    std::string_view local_host = {};           // connect from this address, or the first of this name that fits
    int local_port = 0;
    int family = 0;  // AF_INET, AF_INET6; 0: both
    // A name with several addresses: the next attempt begins when the one before it fails, or after this time,
    // beside those that run. Zero or negative: only when it fails (asyncio's None). 250 ms is RFC 8305's advice.
    Duration happy_eyeballs_delay = std::chrono::milliseconds(250);
    // The families take turns, after this many addresses of the first one's; 0: the resolver's order. Negative: 1,
    // or 0 without happy_eyeballs_delay (asyncio's None).
    int interleave = -1;
    bool all_errors = false;  // fail with an ExceptionGroup of what each attempt failed with

    // TLS, with <aio/io/ssl.hpp>: `.ssl = true`, or a context.
    aio::ssl::Use ssl = {};
    // The name that the certificate must be valid for, and that the server is told. Default: `host`. "": none, and
    // `.ssl = true` then does not check it; open_unix_connection needs one.
    std::optional<std::string_view> server_hostname = {};
    std::optional<Duration> ssl_handshake_timeout = {};  // else: 60 seconds
    std::optional<Duration> ssl_shutdown_timeout = {};   // else: 30 seconds without progress
    const aio::ssl::SSLSession* ssl_session = nullptr;   // to resume
    bool suppress_ragged_eofs = true;                    // false: an end without close_notify is an SSLEOFError
};

using StreamPair = std::pair<StreamReader, StreamWriter>;

// Connects to `host`, numeric or a name, and gives the two ends of the connection. A name is looked up by the loop's
// resolver (aio/io/dns.hpp); the first of its addresses that answers is taken, and the other attempts are given up
// (RFC 8305, "happy eyeballs").
// Cancel: all attempts are given up, their sockets closed.
// Errors: GaiError; ConnectionRefusedError, TimeoutError, other OSErrors; OSError("... Multiple exceptions: ...")
// when several addresses failed in different ways, or an ExceptionGroup (`all_errors`); ValueError for a port that
// is none.
// With ssl also: ssl::SSLError and below; ConnectionResetError when the peer hangs up during the handshake,
// ConnectionAbortedError when that takes too long; ValueError for options that make no sense.
Coro<StreamPair> open_connection(std::string host, int port, ConnectionOptions options = {});
// The same for an AF_UNIX path ('\0' first: the abstract namespace).
Coro<StreamPair> open_unix_connection(std::string path, ConnectionOptions options = {});

}  // namespace aio
