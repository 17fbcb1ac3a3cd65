// Streams: connections that are read and written with asyncio's StreamReader and StreamWriter.
//
//     auto [reader, writer] = co_await aio::open_connection("127.0.0.1", 8080);
//     writer.write("hello\n");
//     co_await writer.drain();
//     std::string line = co_await reader.readline();
//     writer.close();
//     co_await writer.wait_closed();
//
// Both are handles: cheap to copy, all copies name the same connection. When the last one is dropped, a connection that
// is still open is closed as by close(): buffered data are still sent.
//
// Writes of one pass of the loop are sent together at its end, in one system call. Reading pauses while more than twice
// the limit is buffered; drain() waits while more than the high-water mark is.
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
// Of all of them: *Resumes* in the pass after the data arrived; without suspending, when they are buffered already.
// *Cancel*: nothing is consumed. *Errors*: the exception of set_exception() (ConnectionResetError... when the
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

    // Exactly `size` bytes. Errors: IncompleteReadError, with the bytes before the end, when the stream ends before;
    // ValueError for a negative size.
    Read<std::string, Kind::exactly> readexactly(std::ptrdiff_t size) const {
        return Read<std::string, Kind::exactly>(stream_, size);
    }
    Read<View, Kind::exactly> readexactly_view(std::ptrdiff_t size) const {
        return Read<View, Kind::exactly>(stream_, size);
    }

    // A line with its "\n"; at the end of the stream the rest without one, or an empty string.
    // Errors: ValueError when the line is longer than the limit; the part that has arrived is dropped.
    Read<std::string, Kind::line> readline() const { return Read<std::string, Kind::line>(stream_); }
    Read<View, Kind::line> readline_view() const { return Read<View, Kind::line>(stream_); }

    // The bytes up to and including a separator. Of several, the one that ends first counts.
    // Errors: IncompleteReadError when the stream ends before; LimitOverrunError when the bytes before the separator
    // are more than the limit: the data stay. ValueError for an empty separator or none.
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

    // The result of lines().
    class Lines {
    public:
        explicit Lines(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}
        // The next line with its "\n"; nullopt at the end of the stream. Errors: as readline().
        detail::NextLine next() const { return detail::NextLine(stream_); }

    private:
        detail::StreamRef stream_;
    };
    // The lines until the end of the stream: `while (auto line = co_await lines.next()) ...`.
    Lines lines() const { return Lines(stream_); }

    // Whether received bytes wait to be read.
    bool has_data() const noexcept { return stream_->has_input(); }
    // Whether the stream has ended and all of it was read.
    bool at_eof() const noexcept { return stream_->at_eof(); }
    // The exception of set_exception() or of the broken connection, or null.
    std::exception_ptr exception() const noexcept { return stream_->exception(); }
    // The limit of readline() and readuntil(), in bytes.
    std::size_t limit() const noexcept { return stream_->limit(); }

    // The calls of a transport, for readers that are fed by hand. feed_data(): RuntimeError
    // after the end; std::bad_alloc.
    void feed_data(std::string_view data) const { stream_->feed_data(data); }
    void feed_eof() const noexcept { stream_->feed_eof(); }
    void set_exception(std::exception_ptr error) const noexcept { stream_->set_exception(std::move(error)); }
    template <class E>
        requires(!std::same_as<std::remove_cvref_t<E>, std::exception_ptr>)
    void set_exception(E&& error) const {
        set_exception(std::make_exception_ptr(std::forward<E>(error)));
    }

    // For the library: the connection.
    const detail::StreamRef& stream() const noexcept { return stream_; }

private:
    static detail::Separators separators(std::initializer_list<std::string_view> given);
    static detail::Separators separators(std::vector<std::string> given);

    detail::StreamRef stream_;
};

// The options of start_tls(). Trivially destructible, as ConnectionOptions is.
struct StartTlsOptions {
    std::optional<bool> server_side = {};                  // default: true for connections that a server accepted
    std::optional<std::string_view> server_hostname = {};  // as in ConnectionOptions; there is no default
    std::optional<Duration> ssl_handshake_timeout = {};    // default: 60 seconds
    std::optional<Duration> ssl_shutdown_timeout = {};     // default: 30 seconds without progress
    const ssl::SSLSession* ssl_session = nullptr;          // a client's, to resume
    bool suppress_ragged_eofs = true;                      // false: an end without close_notify is an SSLEOFError
};

// The sending end of a connection: asyncio.StreamWriter. A handle: copies name the same connection.
class StreamWriter {
public:
    explicit StreamWriter(detail::StreamRef stream) noexcept : stream_(std::move(stream)) {}

    // Buffers `data`, which are sent at the end of this pass; never waits: drain() does. After the connection is lost
    // the data are dropped silently, and from the fifth time on with a warning.
    // Errors: RuntimeError after write_eof(); std::bad_alloc, and nothing was taken.
    void write(std::string_view data) const { stream_->write(data); }
    // The pieces one after the other, of any range of strings.
    template <class Pieces>
    void writelines(const Pieces& pieces) const {
        for (const auto& piece : pieces) write(piece);
    }

    // Waits until the buffer is below its low-water mark, if it was above the high one; else does not suspend. Any
    // number of tasks may wait. On a stream that is closing it suspends for one pass of the loop first. Cancel: nothing
    // is lost. Errors: the reader's exception; ConnectionResetError after the connection was lost.
    detail::Drain drain() const { return detail::Drain(stream_); }

    // Whether write_eof() is possible: not over TLS, nor for a pipe that is open for reading.
    bool can_write_eof() const noexcept { return stream_->can_write_eof(); }
    // Ends the writing direction after the buffered data. The peer reads the end; reading here is still possible.
    void write_eof() const { stream_->write_eof(); }

    // Sends the buffered data, then closes. Reading ends at once.
    void close() const { stream_->close(); }
    // Whether close() or abort() was called, or the connection was lost.
    bool is_closing() const noexcept { return stream_->is_closing(); }
    // Whether the connection is closed, as wait_closed() waits for it.
    bool closed() const noexcept { return stream_->closed(); }
    // Closes now; buffered data are dropped.
    void abort() const { stream_->abort(); }
    // Waits until the connection and its descriptor are closed. Errors: the error that ended it, if there was one.
    detail::WaitClosed wait_closed() const { return detail::WaitClosed(stream_); }

    // asyncio's get_extra_info("peername"), ("sockname") and ("socket").fileno(). Once the connection is closed
    // peername() is still known if it is an IP address; sockname() is empty and fileno() is -1.
    Address peername() const { return stream_->peername(); }
    Address sockname() const { return stream_->sockname(); }
    int fileno() const noexcept { return stream_->fileno(); }

    // Upgrades this connection to TLS, for its reader and writer, and waits for the handshake (STARTTLS). Data written
    // before are sent first, unencrypted. Data received and not read yet must belong to the handshake: they are passed
    // to TLS, so that no unencrypted data can be taken for encrypted ones. A connection over TLS gets TLS inside TLS.
    // Until it returns, write() is possible, and the data are sent encrypted.
    // Cancel: the connection is aborted. Errors: as open_connection with ssl; the connection is then closed.
    // RuntimeError without a connection; ConnectionResetError when it is closing or at its end.
    Coro<> start_tls(const ssl::SSLContext& context, StartTlsOptions options = {}) const;
    // asyncio's get_extra_info("ssl_object"), ("peercert"), ("cipher"): include <aio/io/ssl.hpp>.
    ssl::SSLObject ssl_object() const;

    // The sizes of the buffer at which drain() begins to wait, and returns, in bytes. Default: 64 KiB (TLS: 512) and a
    // quarter of it; without `low`, a quarter of `high`. high = 0: drain() waits until everything is sent.
    // Errors: ValueError if low > high.
    void set_write_buffer_limits(std::size_t high = detail::kDefaultHighWater,
                                 std::optional<std::size_t> low = std::nullopt) const {
        stream_->set_write_buffer_limits(high, low.value_or(high / 4));
    }
    // The number of bytes that are written and not handed to the kernel yet.
    std::size_t get_write_buffer_size() const noexcept { return stream_->write_buffer_size(); }

    // For the library: the connection.
    const detail::StreamRef& stream() const noexcept { return stream_; }

private:
    detail::StreamRef stream_;
};

// The options of open_connection(). Trivially destructible, so that `{.limit = ...}` is safe inside a co_await
// expression on g++ 12.
struct ConnectionOptions {
    std::size_t limit = detail::kDefaultLimit;  // of the reader's buffer, in bytes
    std::string_view local_host = {};           // connect from this address, or the first of this name that fits
    int local_port = 0;                         // connect from this port; 0: any
    int family = 0;                             // AF_INET, AF_INET6; 0: both
    // A name with several addresses: the next attempt begins when the one before it fails, or after this time,
    // concurrently with the earlier ones. Zero or negative: only when it fails (asyncio's
    // None). RFC 8305 recommends 250 ms.
    Duration happy_eyeballs_delay = std::chrono::milliseconds(250);
    // The families alternate after this many addresses of the first family; 0: the resolver's order. Negative: 1, or 0
    // without happy_eyeballs_delay (asyncio's None).
    int interleave = -1;
    bool all_errors = false;  // throw an ExceptionGroup of the errors of all attempts

    // TLS, with <aio/io/ssl.hpp>: `.ssl = true`, or a context.
    aio::ssl::Use ssl = {};
    // The name that is sent to the server, and for which its certificate must be valid. Default: `host`. "": none, and
    // `.ssl = true` then does not check it; open_unix_connection needs one.
    std::optional<std::string_view> server_hostname = {};
    std::optional<Duration> ssl_handshake_timeout = {};  // default: 60 seconds
    std::optional<Duration> ssl_shutdown_timeout = {};   // default: 30 seconds without progress
    const aio::ssl::SSLSession* ssl_session = nullptr;   // to resume
    bool suppress_ragged_eofs = true;                    // false: an end without close_notify is an SSLEOFError
};

// The two ends of a connection: `auto [reader, writer] = ...`.
using StreamPair = std::pair<StreamReader, StreamWriter>;

// Connects to `host`, numeric or a name: asyncio.open_connection. Result: the two ends of the connection. A name is
// looked up by the loop's resolver (aio/io/dns.hpp); the first of its addresses that accepts is used, and the other
// attempts are ended (RFC 8305, "happy eyeballs").
// Cancel: all attempts are ended, their sockets closed.
// Errors: GaiError; ConnectionRefusedError, TimeoutError, other OSErrors; OSError("... Multiple exceptions: ...") when
// several addresses failed in different ways, or an ExceptionGroup (`all_errors`); ValueError for an invalid port.
// With ssl also: ssl::SSLError and below; ConnectionResetError when the peer closes the connection during the
// handshake, ConnectionAbortedError when that takes too long. ValueError for options of TLS without
// ssl, and for ssl without a name.
Coro<StreamPair> open_connection(std::string host, int port, ConnectionOptions options = {});
// The same to an AF_UNIX path ('\0' first: the abstract namespace): asyncio.open_unix_connection.
Coro<StreamPair> open_unix_connection(std::string path, ConnectionOptions options = {});

}  // namespace aio
