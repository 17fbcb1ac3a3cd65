// Addresses for datagrams: PeerAddress, in the kernel's form, and AddressView, for options.
#pragma once

#include <aio/io/address.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace aio {

// The sender or receiver of a datagram in the kernel's form: a value that is copied, compared and hashed (as the key of
// a session) without an allocation. str() and address() make it readable.
class PeerAddress {
public:
    PeerAddress() noexcept = default;
    // Errors: ValueError unless the host is numeric, the port 0-65535, the path short enough.
    PeerAddress(const Address& address);

    // The same as an Address, and as text: Address::str().
    Address address() const;
    std::string str() const { return address().str(); }
    // Whether there is no address: default-constructed, or an AF_UNIX sender without a name.
    bool empty() const noexcept { return size_ == 0; }

    bool operator==(const PeerAddress& other) const noexcept {
        return size_ == other.size_ && std::memcmp(bytes_, other.bytes_, size_) == 0;
    }

    // The bytes of a sockaddr.
    const char* data() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return size_; }
    static PeerAddress of(const void* sockaddr_bytes, std::size_t size) noexcept;

private:
    static constexpr std::size_t kLargest = 110;  // sockaddr_un
    std::uint16_t size_ = 0;
    char bytes_[kLargest] = {};
};

// A host and a port, or an AF_UNIX path ('\0' first: the abstract namespace), or nothing: {"127.0.0.1", 9999},
// "/run/x". The text is the caller's. Trivially destructible, so that it is safe inside a
// co_await expression on g++ 12.
class AddressView {
public:
    constexpr AddressView() noexcept = default;
    // A host, numeric or a name, and a port; a path; or either from an Address.
    constexpr AddressView(std::string_view name, int port_number) noexcept
        : host(name), port(port_number), kind_(Kind::host) {}
    constexpr AddressView(std::string_view name) noexcept : path(name), kind_(Kind::path) {}
    constexpr AddressView(const char* name) noexcept : AddressView(std::string_view(name)) {}
    AddressView(const std::string& name) noexcept : AddressView(std::string_view(name)) {}
    AddressView(const Address& address) noexcept
        : host(address.host),
          port(address.port),
          path(address.path),
          kind_(address.host.empty() ? Kind::path : Kind::host) {}

    // False for no address.
    explicit operator bool() const noexcept { return kind_ != Kind::none; }
    // Whether it is an AF_UNIX path.
    bool is_path() const noexcept { return kind_ == Kind::path; }

    std::string_view host = {};  // of a host and a port
    int port = 0;
    std::string_view path = {};  // of an AF_UNIX path

private:
    enum class Kind : std::uint8_t { none, host, path };
    Kind kind_ = Kind::none;
};

}  // namespace aio

template <>
struct std::hash<aio::PeerAddress> {
    std::size_t operator()(const aio::PeerAddress& address) const noexcept {
        return std::hash<std::string_view>()(std::string_view(address.data(), address.size()));
    }
};
