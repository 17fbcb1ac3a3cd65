// When a pool connects: what keeps all of its tasks from running at a server that has just been restarted. Internal.
//
// After a failed attempt, one task at a time tries again, after a pause that doubles from 20 ms to 1 s and is partly random, so
// that the pools of many processes do not meet. Tasks that come meanwhile share that attempt: once it has succeeded they connect, and
// once it has failed each gets its error.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/db/errors.hpp>
#include <aio/sync/event.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace aio::db::detail {

class Backoff {
public:
    // Result: what `connect` returns. Errors: those of `connect`. Cancel: another task tries.
    template <class Connect, class T = typename std::invoke_result_t<Connect&>::value_type>
    Coro<T> run(Connect connect) {
        while (attempt_) {
            const std::shared_ptr<Attempt> other = attempt_;
            co_await other->ended.wait();
            if (other->error) std::rethrow_exception(other->error);
        }
        const Attempt::Owner mine(*this);  // others wait for it if there were failures
        co_await pause();
        const int before = failures_;
        try {
            T connection = co_await connect();
            failures_ = 0;
            co_return connection;
        } catch (const AuthenticationError&) {
            throw;  // the server is there
        } catch (const Error&) {
            failed(std::current_exception(), before);
            throw;
        }
    }

private:
    // One that others wait for.
    struct Attempt {
        class Owner {
        public:
            explicit Owner(Backoff& all) : all_(all) {
                if (all.failures_ > 0) all.attempt_ = mine_ = std::make_shared<Attempt>();
            }
            Owner(const Owner&) = delete;
            ~Owner() {
                if (!mine_) return;
                all_.attempt_ = nullptr;
                mine_->ended.set();
            }

        private:
            Backoff& all_;
            std::shared_ptr<Attempt> mine_;
        };
        Event ended;
        std::exception_ptr error;  // null: it succeeded, or was cancelled
    };

    // Until the next attempt is due.
    Coro<> pause() const;
    // before: of the failures when it began; those that began together count once.
    void failed(std::exception_ptr error, int before);

    int failures_ = 0;  // one after the other
    TimePoint due_{};   // the next attempt, if there are failures
    std::shared_ptr<Attempt> attempt_;
};

}  // namespace aio::db::detail
