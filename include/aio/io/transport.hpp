// Transport: what a protocol (aio/io/protocol.hpp) writes to, and steers its connection with.
//
// A handle: copies name the same connection. Dropping them closes nothing: the connection goes on until close(),
// abort(), its peer, or the end of the loop ends it. It is a thin layer over the connection that streams use, and so
// are its rules: what is written in one pass of the loop goes out together at its end.
//
// Every function may be called after the connection is lost, and then does nothing, or tells what is still known.
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

class Transport {
public:
    // None: for members that connection_made() sets. Nothing but assignment and bool may be used.
    Transport() noexcept = default;
    explicit Transport(detail::TransportCore& core) noexcept;
    Transport(const Transport& other) noexcept;
    Transport(Transport&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Transport& operator=(Transport other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~Transport();
    explicit operator bool() const noexcept { return core_ != nullptr; }
    bool operator==(const Transport&) const noexcept = default;

    // --- writing -----------------------------------------------------------------------------------------------

    // Appends to what goes out at the end of this pass. Beyond the high-water mark it calls pause_writing(), once.
    // After the connection is lost the data are dropped silently, and from the fifth time on with a warning.
    // Errors: RuntimeError after write_eof(), and on a pipe that is open for reading; std::bad_alloc: nothing was taken.
    void write(std::string_view data) const;
    // The pieces one after the other, of any range of strings.
    template <class Pieces>
    void writelines(const Pieces& pieces) const {
        for (const auto& piece : pieces) write(piece);
    }
    // Ends the writing direction, after what is buffered; the peer reads to the end, and reading here goes on.
    // Errors: RuntimeError over TLS.
    void write_eof() const;
    bool can_write_eof() const noexcept;

    // When the protocol is told to pause and to resume, in bytes. Default: 64 KiB (TLS: 512) and a quarter of it. Of the
    // two, the one not given is a quarter, or four times, the other. high = 0: whenever something is buffered.
    // Errors: ValueError if low > high.
    void set_write_buffer_limits(std::optional<std::size_t> high = std::nullopt,
                                 std::optional<std::size_t> low = std::nullopt) const;
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const noexcept;  // low, high
    std::size_t get_write_buffer_size() const noexcept;

    // --- reading -----------------------------------------------------------------------------------------------

    // Nothing is given to the protocol until resume_reading(), nor read from the socket: a peer that goes on is slowed
    // down. Its end is not noticed meanwhile. Either may be called twice.
    void pause_reading() const noexcept;
    void resume_reading() const noexcept;
    // Neither paused nor closing.
    bool is_reading() const noexcept;

    // --- the end -----------------------------------------------------------------------------------------------

    // Nothing is received any more. What is buffered is sent; then connection_lost(null) is called.
    void close() const;
    // The same at once; what is buffered is dropped.
    void abort() const;
    bool is_closing() const noexcept;

    // --- what it is --------------------------------------------------------------------------------------------

    // Another protocol from now on: of a kind that the functions of aio/io/create_connection.hpp would take here. The
    // old one is not told. Errors: ValueError for null.
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) const;
    // Null once connection_lost() was called.
    std::shared_ptr<BaseProtocol> get_protocol() const noexcept;

    // asyncio's get_extra_info("peername"), ("sockname") and ("socket").fileno(), as in StreamWriter.
    Address peername() const;
    Address sockname() const;
    int fileno() const noexcept;
    // get_extra_info("ssl_object"), ("peercert"), ("cipher"): include <aio/io/ssl.hpp>.
    ssl::SSLObject ssl_object() const;

    // Makes this connection one over TLS, and waits for the handshake: loop.start_tls(), but the transport stays the
    // same. From this call on nothing is given to the protocol that did not come through TLS.
    // Cancel, errors: as StreamWriter::start_tls().
    Coro<> start_tls(const ssl::SSLContext& context, StartTlsOptions options = {}) const;

    // For sendfile(StreamWriter(transport.stream()), …), and drain() and wait_closed() in the same way. Reading is the
    // protocol's.
    const detail::StreamRef& stream() const noexcept;

    detail::TransportCore& core() const noexcept { return *core_; }

private:
    detail::TransportCore* core_ = nullptr;
};

}  // namespace aio
