// Running a program: bodies, blocks and statements; and the main program: player DIFFERENCE... < PROGRAMS > TRACES, as
// player.py, but with shuffle=SEED for the order in which each pass of the loop runs.
#include "player.hpp"

#include <aio/core/log.hpp>

#include <cstdio>
#include <iostream>

namespace aio::test::differential {

namespace {

constexpr Duration kSweep = std::chrono::milliseconds(200);
constexpr Duration kEnd = std::chrono::milliseconds(400);

template <class Operation>
const Operation* find(const std::map<std::string_view, Operation>& table, std::string_view name) {
    const auto found = table.find(name);
    return found == table.end() ? nullptr : &found->second;
}

}  // namespace

std::string describe(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const CancelledError& cancelled) {
        const std::string message = cancelled.what();
        return message.empty() ? "Cancelled" : "Cancelled(" + message + ")";
    } catch (const Boom& boom) {
        return "Boom " + std::to_string(boom.value);
    } catch (const ExceptionGroup& group) {
        std::string all;
        for (const std::exception_ptr& one : group.exceptions()) all += (all.empty() ? "" : ", ") + describe(one);
        return "Group[" + all + "]";
    } catch (const TimeoutError&) {
        return "TimeoutError";
    } catch (const QueueEmpty&) {
        return "QueueEmpty";
    } catch (const QueueFull&) {
        return "QueueFull";
    } catch (const QueueShutDown&) {
        return "QueueShutDown";
    } catch (const BrokenBarrierError&) {
        return "BrokenBarrierError";
    } catch (const InvalidStateError&) {
        return "InvalidStateError";
    } catch (const ValueError&) {
        return "ValueError";
    } catch (const RuntimeError&) {
        return "RuntimeError";
    } catch (const std::exception& other) {
        return other.what();
    }
}

Player::Player(const Program& program, const Differences& differences, std::uint64_t shuffle)
    : program_(program),
      differences_(differences),
      loop_({.backend = "sim", .shuffle_seed = shuffle}),
      plain_semaphore_(program.sizes.at(0)),
      bounded_semaphore_(program.sizes.at(1)),
      fifo_(program.sizes.at(2)),
      lifo_(program.sizes.at(3)),
      priority_(program.sizes.at(4)),
      barrier_(program.sizes.at(5)) {
    loop_.set_exception_handler([](EventLoop&, const ExceptionContext&) {});
    for (int i = 0; i < 3; ++i) futures_.emplace_back(loop_);
}

std::string Player::play() {
    spawned_.push_back({0, loop_.create_task(body(0, Frame()))});
    loop_.call_later(kSweep, [this] { sweep(); });
    loop_.call_later(kEnd, [this] { loop_.stop(); });
    loop_.run_forever();
    for (const auto& [number, task] : spawned_) {
        trace_ +=
            "end T" + std::to_string(number) + " " + state_of(task) + " " + std::to_string(task.cancelling()) + "\n";
    }
    loop_.close();
    return std::move(trace_);
}

void Player::sweep() {
    log("loop", "sweep");
    for (const Spawned& spawned : spawned_) spawned.task.cancel();
}

void Player::log(std::string_view who, std::string_view text) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.time() - start_);
    trace_ += std::to_string(now.count());
    trace_ += ' ';
    trace_ += who;
    trace_ += ' ';
    trace_ += text;
    trace_ += '\n';
}

std::string Player::state_of(const Task<int>& task) const {
    if (!task.done()) return "pending";
    if (task.cancelled()) return "cancelled";
    const std::exception_ptr error = task.exception();
    return error ? describe(error) : std::to_string(task.result());
}

Coro<int> Player::body(int number, Frame frame) {
    const Body& found = program_.bodies.at(number);
    co_await block(found.statements, frame);
    co_return found.result;
}

Coro<> Player::block(const Block& statements, Frame frame) {
    for (const Statement& one : statements) co_await statement(one, frame);
}

Coro<> Player::statement(const Statement& statement, Frame frame) {
    if (--left_ < 0) co_return;
    const std::string who = "T" + std::to_string(frame.task);
    if (const std::string reason = skips(statement, frame); !reason.empty()) {
        log(who, statement.text + " - " + reason);
        co_return;
    }
    std::exception_ptr error;
    try {
        const std::string outcome = co_await outcome_of(statement, frame, who);
        log(who, statement.text + " = " + outcome);
    } catch (...) {
        error = std::current_exception();
    }
    if (!error) co_return;
    log(who, statement.text + " ! " + describe(error));
    std::rethrow_exception(error);
}

Coro<Player::Outcome> Player::outcome_of(const Statement& statement, Frame frame, const std::string& who) {
    static const Operations all = operations();
    if (const WaitingOperation* operation = find(all.waiting, statement.name)) {
        log(who, statement.text + " ...");
        co_return co_await (this->**operation)(statement, frame);
    }
    co_return (this->*all.plain.at(statement.name))(statement, frame);
}

void Player::call_back(int number) {
    static const Operations all = operations();
    const Frame none;
    for (const Statement& statement : program_.callbacks.at(number)) {
        if (const std::string reason = skips(statement, none); !reason.empty()) {
            log("loop", statement.text + " - " + reason);
            continue;
        }
        try {
            log("loop", statement.text + " = " + (this->*all.plain.at(statement.name))(statement, none));
        } catch (...) {
            log("loop", statement.text + " ! " + describe(std::current_exception()));
            throw;
        }
    }
}

}  // namespace aio::test::differential

int main(int count, char** arguments) {
    using namespace aio::test::differential;
    aio::set_logger([](aio::LogLevel, std::string_view) {});
    const Differences differences(arguments + 1, arguments + count);
    std::uint64_t shuffle = 0;
    if (const auto option = differences.lower_bound("shuffle="); option != differences.end()) {
        if (option->starts_with("shuffle=")) shuffle = std::stoull(option->substr(8));
    }
    for (const Program& program : read_programs(std::cin)) {
        std::printf("program %s\n", program.name.c_str());
        std::fflush(stdout);  // should playing it crash
        std::fputs(Player(program, differences, shuffle).play().c_str(), stdout);
    }
}
