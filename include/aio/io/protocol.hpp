// Protocols: objects that the loop calls for the events of a connection. asyncio's lower level, below streams.
//
//     class Echo : public aio::Protocol {
//         void connection_made(aio::Transport transport) override { transport_ = transport; }
//         void data_received(std::string_view data) override { transport_.write(data); }
//         aio::Transport transport_;
//     };
//
//     auto server = co_await aio::create_server([] { return std::make_unique<Echo>(); }, "127.0.0.1", 8080);
//
// Each protocol belongs to one connection, and is called in this order:
//
//     connection_made ─▶ data_received* ─▶ eof_received? ─▶ connection_lost
//
// connection_made and connection_lost are called exactly once; pause_writing and resume_writing alternate in between.
// All are called by the loop, in the context in which the connection was requested, and never from inside write(),
// close() or abort(); only pause_writing() is called by the write() that filled the buffer.
//
// The transport keeps its protocol alive until connection_lost() has returned, even without a handle. A protocol may
// keep its Transport as a member: that cycle is broken there. When the loop closes first, the connection is aborted and
// the protocol destroyed without a call.
//
// An exception of a callback is reported to the loop's exception handler. From data_received, eof_received, get_buffer,
// buffer_updated and connection_made it is fatal: the connection is aborted, and the exception passed to
// connection_lost().
//
// Prefer streams where a coroutine can read and write: a protocol is for state machines, and for parsers that want
// bytes pushed. Thread rule: the loop's thread. Source: asyncio protocols, CPython 3.13 protocols.py (semantics 46).
#pragma once

#include <aio/io/transport.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string_view>

namespace aio {

// The callbacks that all protocols have: asyncio.BaseProtocol.
class BaseProtocol {
public:
    virtual ~BaseProtocol() = default;

    // The connection is established, over TLS after the handshake. Keep `transport` to write.
    virtual void connection_made(Transport transport) { static_cast<void>(transport); }
    // The connection is over. Null: it was closed here, or the peer closed it in good order. The transport writes
    // nothing more, and drops the protocol after this call.
    virtual void connection_lost(std::exception_ptr error) { static_cast<void>(error); }
    // More than the high-water mark is buffered: stop writing. Further writes are buffered without a limit.
    virtual void pause_writing() {}
    // No more than the low-water mark is buffered: write again.
    virtual void resume_writing() {}
};

// Receives the data of a connection in pieces of any size: asyncio.Protocol.
class Protocol : public BaseProtocol {
public:
    // Data have arrived. `data` is not empty, and valid during the call.
    virtual void data_received(std::string_view data) = 0;
    // The peer has finished sending. The result true keeps the connection open for writing; false closes it after the
    // buffered data are sent. Over TLS, and for pipes, it closes in either case.
    virtual bool eof_received() { return false; }
};

// Receives the data in memory of its own: asyncio.BufferedProtocol. Nothing is allocated, and over TCP and AF_UNIX
// without TLS nothing is copied, because the socket is read into the buffer.
class BufferedProtocol : public BaseProtocol {
public:
    // The memory for data that have arrived: at least one byte, valid until buffer_updated() returns. `sizehint`: the
    // number of bytes that have arrived; 0: not known. Any other size will do. An empty buffer is an error, and fatal.
    virtual std::span<char> get_buffer(std::size_t sizehint) = 0;
    // The first `size` bytes of the buffer were filled; size > 0.
    virtual void buffer_updated(std::size_t size) = 0;
    // As Protocol's.
    virtual bool eof_received() { return false; }
};

}  // namespace aio
