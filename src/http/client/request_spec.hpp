// What a ClientRequest collects, and what becomes of it on its way: a hop is one request of the chain that redirects
// make. Internal.
#pragma once

#include <aio/http/client/client_middleware.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/client/tracing.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/url.hpp>

#include "http/client/payload.hpp"
#include "http/wire/coding.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aio::http::detail {

class Pool;
class SessionState;

// What few requests have.
struct RequestExtras {
    Headers headers;
    Query params;
    std::vector<std::pair<std::string, std::string>> cookies;
    std::vector<std::string> skip_auto_headers;
    std::optional<BasicAuth> auth, proxy_auth;
    std::optional<ClientSSL> ssl;
    std::string server_hostname;
    std::optional<URL> proxy;
    Headers proxy_headers;
    std::shared_ptr<const void> trace_request_ctx;
    std::uint64_t max_decompressed_size = 0;
};

struct RequestSpec {
    URL url;
    std::string method;
    std::shared_ptr<Payload> payload;
    std::unique_ptr<RequestExtras> extras;
    ClientTimeout timeout;
    wire::Coding compress = wire::Coding::identity;
    bool chunked = false;
    bool expect100 = false;
    bool allow_redirects = true;
    bool raise_for_status = false;
    bool auto_decompress = true;
    bool read_until_eof = true;
    unsigned max_redirects = 10;

    RequestSpec() = default;
    // The same request once more. Both send the same payload, one after the other.
    RequestSpec(const RequestSpec& other)
        : url(other.url),
          method(other.method),
          payload(other.payload),
          extras(other.extras ? std::make_unique<RequestExtras>(*other.extras) : nullptr),
          timeout(other.timeout),
          compress(other.compress),
          chunked(other.chunked),
          expect100(other.expect100),
          allow_redirects(other.allow_redirects),
          raise_for_status(other.raise_for_status),
          auto_decompress(other.auto_decompress),
          read_until_eof(other.read_until_eof),
          max_redirects(other.max_redirects) {}

    RequestExtras& more() {
        if (!extras) extras = std::make_unique<RequestExtras>();
        return *extras;
    }
};

// One TraceConfig and the request it is told of.
struct Traced {
    const TraceConfig* config;
    TraceContext context;
};

// One request's tracers; usually none.
class Tracers : public std::enable_shared_from_this<Tracers> {
public:
    bool empty() const noexcept { return all_.empty(); }
    void add(const TraceConfig& config, std::shared_ptr<const void> request_ctx) {
        Traced& traced = all_.emplace_back();
        traced.config = &config;
        traced.context.trace_request_ctx = std::move(request_ctx);
    }
    // Awaited only when there are tracers: `if (!tracers.empty()) co_await tracers.send(...)`.
    template <class Params>
    Coro<> send(TraceSignal<Params> TraceConfig::* signal, Params params) {
        for (Traced& traced : all_) {
            const TraceSignal<Params>& handlers = traced.config->*signal;
            if (!handlers.empty()) co_await handlers.send(traced.context, params);
        }
    }

private:
    std::vector<Traced> all_;
};

// One request and the answer to it; OutgoingRequest's other half.
struct Hop {
    SessionState* session = nullptr;
    RequestSpec* spec = nullptr;
    Payload* payload = nullptr;  // of this hop: null when a redirect dropped it
    Tracers* tracers = nullptr;
    std::optional<TimePoint> total;     // the deadline
    std::optional<BasicAuth> url_auth;  // of the URL, or of the last redirect's that had some, within their origin
    bool credentials_apply = true;      // the origin is still the first one
    bool redirected = false;            // the URL is a server's
    bool body_dropped = false;          // a redirect made it a GET: headers about the body are of no use
};

}  // namespace aio::http::detail
