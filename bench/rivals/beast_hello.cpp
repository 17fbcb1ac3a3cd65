// Beast (Boost) as a server in the http section; the header block of a message in place.
#include "beast_server.hpp"

#include <boost/beast/http.hpp>

#include <ctime>
#include <string>

namespace {

using namespace rival;
namespace http = beast::http;

// Made anew every second.
const std::string& http_date() {
    static std::time_t made = 0;
    static std::string date;
    const std::time_t now = std::time(nullptr);
    if (now != made) {
        char text[40];
        std::tm utc{};
        std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
        date = text;
        made = now;
    }
    return date;
}

Coro<void> session(Socket socket) {
    try {
        beast::flat_buffer buffer;
        for (;;) {
            http::request<http::empty_body> request;
            co_await http::async_read(socket, buffer, request, use_awaitable);
            http::response<http::string_body> response(http::status::ok, request.version());
            response.set(http::field::server, "Beast");
            response.set(http::field::date, http_date());
            response.set(http::field::content_type, "text/plain");
            response.keep_alive(request.keep_alive());
            response.body() = "Hello, World!";
            response.prepare_payload();
            co_await http::async_write(socket, response, use_awaitable);
        }
    } catch (const boost::system::system_error&) {
        // The peer has gone.
    }
}

}  // namespace

int main(int, char** argv) { rival::run(argv[1], session); }
