// A scripted SOCKS server of both versions.
#pragma once

#include <aio/io/stream.hpp>

#include "http/client/fake_host.hpp"
#include "http/client/route.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace aio::test {

inline Coro<> relay(StreamReader from, StreamWriter to) {
    try {
        while (true) {
            const std::string data = co_await from.read(64 * 1024);
            if (data.empty()) break;
            to.write(data);
        }
    } catch (const std::exception&) {
        // The other side is told by the close.
    }
    to.close();
}

// A SOCKS server of both versions that is asked for 127.0.0.1 whatever the name, and notes what it was told.
struct SocksServer {
    Log asked;            // "5 example.test:80", "5 me:secret", "4a example.test:80 me"
    std::string login;    // "me:secret": who may; empty: everybody
    int refusal = 0;      // the reply to every request
    int refuses = 1000;   // ... to so many of them
    bool silent = false;  // says nothing at all
    std::string behind;   // sent together with the reply
    FakeHost* host = nullptr;

    Coro<> serve(StreamReader reader, StreamWriter writer) {
        if (silent) co_await reader.read();
        const std::string first = co_await reader.read(1);
        std::string to;
        if (first == "\5") {
            to = co_await five(reader, writer);
        } else if (first == "\4") {
            to = co_await four(reader);
        }
        if (to.empty()) co_return writer.close();
        asked.push_back(to);
        const bool refused = refusal != 0 && refuses-- > 0;
        std::string reply =
            first == "\5" ? std::string("\5\0\0\1\0\0\0\0\0\0", 10) : std::string("\0\x5a\0\0\0\0\0\0", 8);
        if (refused) reply[1] = static_cast<char>(refusal);
        writer.write(reply + behind);
        if (refused) co_return writer.close();
        std::string_view port = to;
        port.remove_prefix(port.rfind(':') + 1);
        auto [in, out] = co_await open_connection("127.0.0.1", std::atoi(std::string(port).c_str()));
        auto back = create_task(relay(in, writer));
        co_await relay(reader, out);
        co_await back;
    }

    Coro<std::string> five(StreamReader reader, StreamWriter writer) {
        const std::string count = co_await reader.readexactly(1);
        const std::string methods = co_await reader.readexactly(count[0]);
        const char method = login.empty() ? '\0' : '\2';
        const bool fits = methods.find(method) != std::string::npos;
        const std::string chosen = {'\5', fits ? method : '\xff'};
        writer.write(chosen);
        if (!fits) co_return "";
        if (!login.empty()) {
            co_await reader.readexactly(1);
            const std::string name = co_await reader.readexactly((co_await reader.readexactly(1))[0]);
            const std::string password = co_await reader.readexactly((co_await reader.readexactly(1))[0]);
            const bool right = name + ":" + password == login;
            const std::string verdict = {'\1', right ? '\0' : '\1'};
            writer.write(verdict);
            if (!right) co_return "";
        }
        const std::string head = co_await reader.readexactly(4);
        std::string name;
        if (head[3] == 3) {
            name = co_await reader.readexactly((co_await reader.readexactly(1))[0]);
        } else {
            const std::string address = co_await reader.readexactly(head[3] == 1 ? 4 : 16);
            for (const char c : address) name += (name.empty() ? "" : ".") + std::to_string(c & 0xff);
        }
        co_return "5 " + name + ":" + port_of(co_await reader.readexactly(2));
    }

    Coro<std::string> four(StreamReader reader) {
        const std::string head = co_await reader.readexactly(7);
        std::string user = co_await reader.readuntil(std::string(1, '\0'));
        user.pop_back();
        std::string name;
        const bool named = head.substr(3, 3) == std::string(3, '\0');
        if (named) {
            name = co_await reader.readuntil(std::string(1, '\0'));
            name.pop_back();
        } else {
            for (const char c : head.substr(3)) name += (name.empty() ? "" : ".") + std::to_string(c & 0xff);
        }
        co_return (named ? "4a " : "4 ") + user + "@" + name + ":" + port_of(head.substr(1, 2));
    }

    static std::string port_of(const std::string& bytes) {
        return std::to_string((bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
    }

    http::URL url(const std::string& scheme) const {
        return http::URL(scheme + "://127.0.0.1:" + std::to_string(host->port()));
    }
};

inline Coro<SocksServer*> open_socks_server() {
    SocksServer& server = keep<SocksServer>();
    server.host =
        co_await FakeHost::talking([&server](FakeHost&, StreamReader reader, StreamWriter writer) -> Coro<> {
            try {
                co_await server.serve(std::move(reader), std::move(writer));
            } catch (const std::exception&) {
                // A client that went away.
            }
        });
    co_return &server;
}

}  // namespace aio::test
