// A session is recorded through a proxy, and repeated by a server that stops, pauses or lies at each byte of it: the session goes
// as it did, or it ends with a typed error, and no deadline is missed. For each database.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/db/errors.hpp>

#include "support/async_test.hpp"
#include "support/raw_server.hpp"
#include "support/tcp_proxy.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aio::test::recorded {

using Recording = std::vector<TcpProxy::Run>;

// What `session()` returns; or the class of the error it ends with.
template <class F>
Coro<std::string> outcome_of(F session, Duration deadline) {
    try {
        co_return co_await with_timeout(deadline, session);
    } catch (const db::DatabaseError&) {
        co_return "DatabaseError";
    } catch (const db::InterfaceError&) {
        co_return "InterfaceError";
    } catch (const OSError&) {
        co_return "OSError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    } catch (const std::exception& error) {
        co_return std::string("undocumented: ") + error.what();
    }
}

enum class At { closes, resets, hangs, pauses, lies };

// Says what the server said, each time that the client has sent as much as it did then; at the byte `k` something happens.
inline void replay(RawPeer& peer, const Recording& recording, std::size_t k, At what) {
    std::size_t said = 0;
    for (const TcpProxy::Run& run : recording) {
        if (!run.from_server) {
            if (peer.read(run.bytes.size()).size() < run.bytes.size()) return;
            continue;
        }
        const std::string_view bytes = run.bytes;
        const bool is_here = k >= said && k < said + bytes.size();
        peer.write(bytes.substr(0, is_here ? k - said : bytes.size()));
        if (is_here) {
            if (what == At::resets) peer.reset_at_end();
            if (what == At::hangs) peer.hang();
            if (what == At::lies) {
                peer.write(std::string(1, static_cast<char>(bytes[k - said] ^ (k % 3 == 0   ? 0x01
                                                                               : k % 3 == 1 ? 0x80
                                                                                            : 0x3f))));
                peer.write(bytes.substr(k - said + 1));
            } else if (what == At::pauses) {
                std::this_thread::sleep_for(1ms);
                peer.write(bytes.substr(k - said));
            } else {
                return;
            }
        }
        said += bytes.size();
    }
    peer.hang();  // the client closes
}

inline std::size_t bytes_of_server(const Recording& recording) {
    std::size_t size = 0;
    for (const TcpProxy::Run& run : recording) size += run.from_server ? run.bytes.size() : 0;
    return size;
}

// Each connection gets another k. `session(port)`: as it was recorded; `seen`: what it returned.
template <class F>
Coro<> replay_all(const Recording& recording, const std::string& seen, F session, At what, Duration deadline) {
    constexpr std::size_t kTogether = 64;
    const std::size_t size = bytes_of_server(recording);
    const std::size_t step = std::getenv("AIO_TEST_BRIEF") ? 7 : 1;
    for (std::size_t first = 0; first < size; first += step * kTogether) {
        const RawServer server([&](RawPeer& peer) {
            if (peer.number() < static_cast<int>(kTogether)) {
                replay(peer, recording, first + step * static_cast<std::size_t>(peer.number()), what);
            }  // else it is a request to cancel
        });
        const auto run = [&] { return session(server.port()); };
        std::vector<Task<std::string>> tasks;
        for (std::size_t i = 0; i < kTogether; ++i) tasks.push_back(create_task(outcome_of(run, deadline)));
        for (auto& task : tasks) {
            const std::string result = co_await task;
            if (what == At::lies) continue;  // it may have any result, or any error
            const bool is_error = result == "InterfaceError" || result == "OSError" || result == "DatabaseError" ||
                                  (what == At::hangs && result == "TimeoutError");
            const bool may_fail = what != At::pauses;
            if (result == seen || (is_error && may_fail)) continue;
            ADD_FAILURE() << "near byte " << first << " of " << size << ": " << result;
        }
    }
}

}  // namespace aio::test::recorded
