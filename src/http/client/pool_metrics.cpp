// What a client's pool of connections tells of itself: statistics() and metrics_handler(). pool.cpp counts it.
#include "http/client/pool.hpp"

#include <string>

namespace aio::http::detail {

ConnectorStatistics Pool::statistics() const noexcept {
    ConnectorStatistics now;
    now.acquired = acquired_;
    now.idle = idle_;
    now.waiting = waiting_;
    return now;
}

namespace {

using aio::detail::MetricFamily;
constexpr MetricFamily kClientConnections{"aiocpp_http_client_connections", "gauge", "Connections of the client."};
constexpr MetricFamily kClientOpened{"aiocpp_http_client_connections_opened_total", "counter",
                                     "Connections that the client has opened."};
constexpr MetricFamily kClientRequests{"aiocpp_http_client_requests_total", "counter",
                                       "Requests that were given a connection, those of redirects too."};
constexpr MetricFamily kClientWaiting{"aiocpp_http_client_waiting_requests", "gauge",
                                      "Requests that wait for a connection."};

}  // namespace

void Pool::measure(aio::detail::MetricSamples& into) const {
    const std::string client = label("client");
    into.add(kClientConnections, client + ",state=\"idle\"", idle_);
    into.add(kClientConnections, client + ",state=\"used\"", acquired_);
    into.add(kClientOpened, client, opened_);
    into.add(kClientRequests, client, requests_);
    into.add(kClientWaiting, client, waiting_);
}

}  // namespace aio::http::detail
