// Bytes that are overwritten before their memory is freed: passwords, and what is derived from them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace aio::pg::wire {

// Overwrites in a way that the optimiser keeps.
void wipe(void* bytes, std::size_t size) noexcept;

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view bytes) : bytes_(bytes) {}
    // Zeros, to be written to by way of data().
    explicit Secret(std::size_t size) : bytes_(size, '\0') {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.clear(); }
    Secret& operator=(Secret other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }
    ~Secret() { clear(); }

    std::string_view view() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return bytes_.size(); }
    char* data() noexcept { return bytes_.data(); }
    unsigned char* bytes() noexcept { return reinterpret_cast<unsigned char*>(bytes_.data()); }
    const unsigned char* bytes() const noexcept { return reinterpret_cast<const unsigned char*>(bytes_.data()); }

private:
    // A short string keeps its bytes in the object itself, also after it was moved from: all of the capacity is wiped.
    void clear() noexcept {
        bytes_.resize(bytes_.capacity());
        wipe(bytes_.data(), bytes_.size());
        bytes_.clear();
    }

    std::string bytes_;
};

}  // namespace aio::pg::wire
