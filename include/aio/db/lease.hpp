// For how long a connection belongs to who has it. Internal.
#pragma once

#include <cstdint>

namespace aio::db::detail {

// What prepared statements and cursors keep of the connection that made them: a pool ends all leases of a connection that is given
// back. A session counts its leases; it must outlive them.
class Lease {
public:
    explicit Lease(const std::uint64_t& current) noexcept : current_(&current), mine_(current) {}

    // `what`: it is for the message. Errors: InterfaceError when it has ended.
    void check(const char* what) const {
        if (*current_ != mine_) [[unlikely]]
            throw_ended(what);
    }

private:
    [[noreturn]] static void throw_ended(const char* what);

    const std::uint64_t* current_;
    std::uint64_t mine_;
};

}  // namespace aio::db::detail
