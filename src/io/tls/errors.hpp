// From OpenSSL's error queue to exceptions.
//
// The queue belongs to the thread, and what one call leaves there would be taken for the next one's error: it is
// cleared before each call that may fail, and emptied when one did.
#pragma once

#include <string>

namespace aio::detail {

void clear_ssl_errors() noexcept;

// The error in the queue that tells most: what a system call failed with; else the newest one, since OpenSSL adds what
// it means to what it found; but none that says no more than in which library the trouble began.
struct SslFailure {
    unsigned long code = 0;  // 0: there was none
    int system_error = 0;    // an errno, when a system call failed
    std::string library;     // "SSL"
    std::string reason;      // "WRONG_VERSION_NUMBER"
    std::string text;        // "wrong version number"

    bool is(int library_code, int reason_code) const noexcept;
    // "[SSL: WRONG_VERSION_NUMBER] wrong version number"
    std::string str() const;
};
// Empties the queue. Errors: std::bad_alloc if OpenSSL ran out of memory.
SslFailure take_ssl_failure();

// Throws SSLError, or the OSError of a system call that failed, for what is in the queue.
// `attempted` reads "load_cert_chain: 'server.pem'".
[[noreturn]] void throw_ssl_failure(const std::string& attempted);

}  // namespace aio::detail
