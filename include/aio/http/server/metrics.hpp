// metrics_handler(): what the program does, as numbers for Prometheus.
//
//     app.router().add_get("/metrics", aio::http::metrics_handler());
//
// Without any further call it shows, in Prometheus' text format:
//
//     aiocpp_loop_...            of each loop of the process that runs: LoopStatistics
//     aiocpp_http_server_...     of each AppRunner: connections, requests by class of status, bytes of bodies
//     aiocpp_http_client_...     of each connector of ClientSessions: connections, requests, those that wait
//     aiocpp_db_pool_...         of each pool of PostgreSQL, MySQL and SQLite: connections, acquisitions, tasks that wait
//
// Servers, connectors and pools are shown if they were made while a loop ran, and tell their own numbers on that loop: a scrape is
// a callback on each loop. A loop that does not answer within a second, because it is blocked, has aiocpp_loop_responding 0 and
// only the numbers that can be read from outside.
// Thread rule: that of handlers. Source: Prometheus' exposition format, text, version 0.0.4; its naming conventions.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/server/router.hpp>

namespace aio::http {

// Result: a handler of GET requests. Errors of a request: std::bad_alloc. Cancel: nothing is lost.
detail::HandlerFunction metrics_handler();

}  // namespace aio::http
