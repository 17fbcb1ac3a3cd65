// Protocols: objects that the loop calls when something happens to a connection. asyncio's lower level, below streams.
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
// connection_made and connection_lost are called exactly once; pause_writing and resume_writing alternate in between. All
// are called by the loop, in the context of who asked for the connection, and never from inside write(), close() or
// abort(); pause_writing() alone is called by the write() that filled the buffer.
//
// The transport keeps its protocol alive until connection_lost() has returned, whether anybody holds a handle or not.
// A protocol may keep its Transport as a member: that circle is broken there. When the loop closes first, the connection
// is aborted and the protocol destroyed without a call.
//
// What a callback throws is reported to the loop's exception handler. From data_received, eof_received, get_buffer,
// buffer_updated and connection_made it is fatal: the connection is aborted, and connection_lost() is given it.
//
// Prefer streams where a coroutine can read and write: a protocol is for state machines, and for parsers that want bytes
// pushed. Thread rule: the loop's thread. Source: asyncio protocols, CPython 3.13 protocols.py (semantics 46).
#pragma once

#include <aio/io/transport.hpp>

#include <cstddef>
#include <exception>
#include <span>
#include <string_view>

namespace aio {

class BaseProtocol {
public:
    virtual ~BaseProtocol() = default;

    virtual void connection_made(Transport transport) { static_cast<void>(transport); }
    // The connection is over. Null: it was closed here, or ended in good order. The transport writes nothing any more,
    // and is not asked to keep the protocol.
    virtual void connection_lost(std::exception_ptr error) { static_cast<void>(error); }
    // More than the high-water mark is buffered: stop writing. Nothing happens to who goes on, but memory is used.
    virtual void pause_writing() {}
    // No more than the low-water mark is.
    virtual void resume_writing() {}
};

// Gets what arrives as it comes, in pieces of any size.
class Protocol : public BaseProtocol {
public:
    // `data` is not empty, and valid during the call.
    virtual void data_received(std::string_view data) = 0;
    // The peer sends nothing more. True keeps the connection open, to write on; false closes it, once what is
    // buffered is sent. Over TLS, and for pipes, it closes in either case.
    virtual bool eof_received() { return false; }
};

// Gets it in memory of its own: nothing is allocated, and over TCP and AF_UNIX without TLS nothing is copied: the socket
// is read into the buffer.
class BufferedProtocol : public BaseProtocol {
public:
    // Where to put what arrived: at least one byte, valid until buffer_updated() returns. `sizehint`: how much is
    // there; 0: not known. Any other size will do. An empty buffer is an error, and fatal.
    virtual std::span<char> get_buffer(std::size_t sizehint) = 0;
    // The first `size` bytes of it were written; size > 0.
    virtual void buffer_updated(std::size_t size) = 0;
    // As Protocol's.
    virtual bool eof_received() { return false; }
};

}  // namespace aio
