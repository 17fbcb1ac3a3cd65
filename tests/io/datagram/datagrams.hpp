// Endpoints of datagrams on this machine.
#pragma once

#include <aio/io/datagram.hpp>

#include "support/async_test.hpp"

namespace aio::test {

inline Coro<DatagramEndpoint> local_endpoint() { return create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}}); }
inline Coro<DatagramEndpoint> endpoint_to(Address address) {
    return create_datagram_endpoint({.remote_addr = address});
}

inline Coro<> end(DatagramEndpoint endpoint) {
    endpoint.close();
    co_await endpoint.wait_closed();
}

inline Coro<> echo_datagrams(DatagramEndpoint endpoint) {
    while (auto datagram = co_await endpoint.next()) endpoint.sendto(datagram->data, datagram->from);
}

}  // namespace aio::test
