// The type of the option `ssl` of open_connection(), start_server() and similar functions. Contexts are in
// <aio/io/ssl.hpp>.
#pragma once

#include <concepts>
#include <memory>

namespace aio::ssl {
class SSLContext;
class SSLObject;
class SSLSession;
}  // namespace aio::ssl

namespace aio::detail {

class FilterFactory;
struct TlsRequest;

// Only a program that asks for TLS somewhere refers to this, and is linked with it.
std::shared_ptr<FilterFactory> make_tls(const TlsRequest& request);

}  // namespace aio::detail

namespace aio::ssl {

// asyncio's `ssl=`: nothing, `true`, or a context: `{.ssl = true}`, `{.ssl = context}`. It only refers to the context:
// the function with these options keeps it before it returns.
class Use {
public:
    constexpr Use() noexcept = default;
    // True: the context of create_default_context(), made once in a process. Clients only.
    template <std::same_as<bool> B>
    Use(B on) noexcept : maker_(on ? &detail::make_tls : nullptr) {}
    Use(const SSLContext& context) noexcept : maker_(&detail::make_tls), context_(&context) {}
    // Null: no TLS.
    Use(const SSLContext* context) noexcept : maker_(context ? &detail::make_tls : nullptr), context_(context) {}

    // Whether TLS is used.
    explicit operator bool() const noexcept { return maker_ != nullptr; }
    // For the library: the context, null for the default one; and the filter of a connection.
    const SSLContext* context() const noexcept { return context_; }
    std::shared_ptr<detail::FilterFactory> make(const detail::TlsRequest& request) const { return maker_(request); }

private:
    std::shared_ptr<detail::FilterFactory> (*maker_)(const detail::TlsRequest&) = nullptr;
    const SSLContext* context_ = nullptr;
};

}  // namespace aio::ssl
