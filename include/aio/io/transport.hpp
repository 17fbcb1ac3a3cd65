// Transport: the connection of a protocol (aio/io/protocol.hpp), for writing and for control.
//
// A handle: copies name the same connection. Dropping them closes nothing: the connection stays open until close(),
// abort(), its peer, or the end of the loop. It is a thin layer over the connection that streams use, with the same
// rules: writes of one pass of the loop are sent together at its end.
//
// Every function may be called after the connection is lost, and then does nothing, or returns the last known value.
// Thread rule: the loop's thread. Source: asyncio transports, CPython 3.13 transports.py, selector_events.py
// (semantics 42, 46).
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/address.hpp>
#include <aio/io/stream.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace aio {

class BaseProtocol;

namespace detail {
class TransportCore;
}

// A handle of a connection: asyncio.Transport.
class Transport {
public:
    // No connection: for members that connection_made() assigns. Only assignment and the test with bool are allowed.
    Transport() noexcept = default;
    explicit Transport(detail::TransportCore& core) noexcept;
    Transport(const Transport& other) noexcept;
    Transport(Transport&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Transport& operator=(Transport other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~Transport();
    // False for a default-constructed handle.
    explicit operator bool() const noexcept { return core_ != nullptr; }
    bool operator==(const Transport&) const noexcept = default;

    // --- writing -----------------------------------------------------------------------------------------------

    // Buffers `data`, which are sent at the end of this pass. Beyond the high-water mark it calls pause_writing(),
    // once. After the connection is lost the data are dropped silently, and from the fifth time on with a warning.
    // Errors: RuntimeError after write_eof(), and on a pipe that is open for reading;
    // std::bad_alloc: nothing was taken.
    void write(std::string_view data) const;
    // The pieces one after the other, of any range of strings.
    template <class Pieces>
    void writelines(const Pieces& pieces) const {
        for (const auto& piece : pieces) write(piece);
    }
    // Ends the writing direction after the buffered data; the peer reads the end, and reading here is still possible.
    // Errors: RuntimeError over TLS.
    void write_eof() const;
    // Whether write_eof() is possible: not over TLS.
    bool can_write_eof() const noexcept;

    // The sizes of the buffer for pause_writing() and resume_writing(), in bytes. Default: 64 KiB (TLS: 512) and a
    // quarter of it. Of the two, the one not given is a quarter, or four times, the other. high = 0: pause whenever
    // data are buffered. Errors: ValueError if low > high.
    void set_write_buffer_limits(std::optional<std::size_t> high = std::nullopt,
                                 std::optional<std::size_t> low = std::nullopt) const;
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const noexcept;  // low, high
    // The number of bytes that are written and not handed to the kernel yet.
    std::size_t get_write_buffer_size() const noexcept;

    // --- reading -----------------------------------------------------------------------------------------------

    // Until resume_reading() nothing is read from the socket or passed to the protocol: a peer that keeps sending is
    // slowed down. The end of the stream is not noticed meanwhile. Either may be called twice.
    void pause_reading() const noexcept;
    void resume_reading() const noexcept;
    // Neither paused nor closing.
    bool is_reading() const noexcept;

    // --- the end -----------------------------------------------------------------------------------------------

    // Ends receiving. The buffered data are sent; then connection_lost(null) is called.
    void close() const;
    // The same at once; buffered data are dropped.
    void abort() const;
    // Whether close() or abort() was called, or the connection was lost.
    bool is_closing() const noexcept;

    // --- protocol and addresses --------------------------------------------------------------------------------

    // Replaces the protocol, by one of a kind that the functions of aio/io/create_connection.hpp would accept here. The
    // old one is not called. Errors: ValueError for null.
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) const;
    // The protocol; null once connection_lost() was called.
    std::shared_ptr<BaseProtocol> get_protocol() const noexcept;

    // asyncio's get_extra_info("peername"), ("sockname") and ("socket").fileno(), as in StreamWriter.
    Address peername() const;
    Address sockname() const;
    int fileno() const noexcept;
    // get_extra_info("ssl_object"), ("peercert"), ("cipher"): include <aio/io/ssl.hpp>.
    ssl::SSLObject ssl_object() const;

    // Upgrades this connection to TLS, and waits for the handshake: loop.start_tls(), but the transport stays the same.
    // From this call on the protocol gets only data that arrived through TLS.
    // Cancel, errors: as StreamWriter::start_tls().
    Coro<> start_tls(const ssl::SSLContext& context, StartTlsOptions options = {}) const;

    // The connection, for sendfile(StreamWriter(transport.stream()), …), and drain() and wait_closed() in the same way.
    // Only the protocol may read.
    const detail::StreamRef& stream() const noexcept;

    // For the library: the state behind the handle.
    detail::TransportCore& core() const noexcept { return *core_; }

private:
    detail::TransportCore* core_ = nullptr;
};

}  // namespace aio
