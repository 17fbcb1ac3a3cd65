// PeerAddress: copied from a sockaddr, or converted from an Address, and back. Parsing and formatting are RawAddress's
// (address.cpp); comparison and hash are inline in the header.
#include <aio/io/peer_address.hpp>

#include <aio/base/error.hpp>

#include "io/address/raw_address.hpp"

#include <algorithm>

namespace aio {

PeerAddress PeerAddress::of(const void* sockaddr_bytes, std::size_t size) noexcept {
    PeerAddress result;
    result.size_ = static_cast<std::uint16_t>(std::min(size, kLargest));
    std::memcpy(result.bytes_, sockaddr_bytes, result.size_);
    return result;
}

PeerAddress::PeerAddress(const Address& address) {
    std::optional<detail::RawAddress> raw;
    if (address.host.empty()) {
        raw = detail::RawAddress::unix_path(address.path);
    } else {
        detail::check_port("PeerAddress", address.port);
        raw = detail::RawAddress::numeric(address.host, address.port);
    }
    if (!raw) {
        throw ValueError("'" + address.host + "' is not a numeric address; resolve the name first");
    }
    *this = of(&raw->storage, raw->length);
}

Address PeerAddress::address() const {
    if (empty()) return {};
    detail::RawAddress raw;
    std::memcpy(&raw.storage, bytes_, size_);
    raw.length = static_cast<socklen_t>(size_);
    return raw.decoded();
}

}  // namespace aio
