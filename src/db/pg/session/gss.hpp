// Proving who we are by Kerberos, with the system's GSSAPI library. Internal.
//
// The library (Debian: libgssapi-krb5-2) is looked for when a server asks for it: programs that never meet such a server need none.
//
// Source: RFC 2743 and 2744; PostgreSQL 15 protocol, "GSSAPI Authentication".
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace aio::pg::detail {

struct GssTarget {
    std::string service, host;  // "postgres", "db.example.org": the server's principal is postgres/db.example.org
    bool delegates = false;     // our ticket, for the server to act in our name
};

// One security context. Used by one thread at a time: step() may ask a key distribution center over the network.
class GssClient {
public:
    // Errors: db::InterfaceError without the library, or for a name that is none.
    explicit GssClient(const GssTarget& target);
    ~GssClient();
    GssClient(const GssClient&) = delete;
    GssClient& operator=(const GssClient&) = delete;

    // The token for the server, after what it sent (nothing at first); empty: there is nothing to be sent.
    // Errors: db::InterfaceError with what the library says ("No Kerberos credentials available").
    std::string step(std::string_view received);
    // Whether the server has proved who it is.
    bool is_complete() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace aio::pg::detail
