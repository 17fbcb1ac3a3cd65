// The life of a connection, a pipe or a datagram endpoint.
//
//   state     receives   sends         descriptor   ends with
//   open      yes        yes           open         close() with bytes to send: closing. close() without any, abort() and
//                                                   errors: doomed
//   closing   no (1)     what is left  open         the last byte is sent: doomed. abort() and errors: doomed
//   doomed    no         no            open         the next pass of the loop, which calls connection_lost(): lost
//   lost      no         no            open         the last operation completes: closed
//   closed    no         no            closed       the last handle is dropped: the object is destroyed
//
// (1) A connection with a filter (TLS) still receives, for the peer's close_notify; what it writes is dropped.
//
// A state is never left for an earlier one. The object outlives its handles until it is closed, because the kernel may
// read and write its buffers until then. Internal.
#pragma once

#include <cstdint>

namespace aio::detail {

class Life {
public:
    enum State : std::uint8_t { open, closing, doomed, lost, closed };

    // In this state, or past it.
    bool is(State state) const noexcept { return state_ >= state; }
    // No effect when it is past it.
    void reach(State state) noexcept {
        if (state_ < state) state_ = state;
    }

private:
    State state_ = open;
};

}  // namespace aio::detail
