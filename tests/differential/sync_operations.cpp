// The statements about locks, queues and their like, as in sync_operations.py.
#include "player.hpp"

namespace aio::test::differential {

template <class Permit>
Player::Waiting Player::run_holding(Permit permit, const Statement& statement, Frame frame) {
    std::exception_ptr error;
    try {
        co_await block(statement.body, frame);
    } catch (...) {
        error = std::current_exception();
    }
    permit.release();  // fails if somebody else has released it, as the end of `async with` does
    if (error) std::rethrow_exception(error);
    co_return "ok";
}

Player::Waiting Player::lock(const Statement& statement, Frame frame) {
    auto permit = co_await locks_[statement.numbers[0]].scoped();
    co_return co_await run_holding(std::move(permit), statement, frame);
}

Player::Waiting Player::acquire(const Statement& statement, Frame) {
    co_await locks_[statement.numbers[0]].acquire();
    co_return "ok";
}

Player::Outcome Player::release(const Statement& statement, const Frame&) {
    locks_[statement.numbers[0]].release();
    return "ok";
}

Player::Waiting Player::sem(const Statement& statement, Frame frame) {
    auto permit = co_await semaphores_[statement.numbers[0]]->scoped();
    co_return co_await run_holding(std::move(permit), statement, frame);
}

Player::Waiting Player::semacquire(const Statement& statement, Frame) {
    co_await semaphores_[statement.numbers[0]]->acquire();
    co_return "ok";
}

Player::Outcome Player::semrelease(const Statement& statement, const Frame&) {
    semaphores_[statement.numbers[0]]->release();
    return "ok";
}

Player::Waiting Player::condition(const Statement& statement, Frame frame) {
    auto permit = co_await condition_.scoped();
    co_return co_await run_holding(std::move(permit), statement, frame);
}

Player::Waiting Player::conditionwait(const Statement&, Frame) {
    co_await condition_.wait();
    co_return "ok";
}

Player::Waiting Player::conditionwaitfor(const Statement& statement, Frame) {
    auto reached = [this, &statement] { return counter_ >= statement.numbers[0]; };
    co_await condition_.wait_for(reached);
    co_return "ok";
}

Player::Outcome Player::notify(const Statement& statement, const Frame&) {
    condition_.notify(static_cast<std::size_t>(statement.numbers[0]));
    return "ok";
}

Player::Outcome Player::notifyall(const Statement&, const Frame&) {
    condition_.notify_all();
    return "ok";
}

Player::Outcome Player::increment(const Statement&, const Frame&) {
    ++counter_;
    return "ok";
}

Player::Waiting Player::eventwait(const Statement& statement, Frame) {
    co_await events_[statement.numbers[0]].wait();
    co_return "ok";
}

Player::Outcome Player::eventset(const Statement& statement, const Frame&) {
    events_[statement.numbers[0]].set();
    return "ok";
}

Player::Outcome Player::eventclear(const Statement& statement, const Frame&) {
    events_[statement.numbers[0]].clear();
    return "ok";
}

Player::Waiting Player::put(const Statement& statement, Frame) {
    const int value = statement.numbers[1];
    switch (statement.numbers[0]) {
        case 0: co_await fifo_.put(value); break;
        case 1: co_await lifo_.put(value); break;
        default: co_await priority_.put(value);
    }
    co_return "ok";
}

Player::Waiting Player::get(const Statement& statement, Frame) {
    int value = 0;
    switch (statement.numbers[0]) {
        case 0: value = co_await fifo_.get(); break;
        case 1: value = co_await lifo_.get(); break;
        default: value = co_await priority_.get();
    }
    co_return std::to_string(value);
}

Player::Outcome Player::putnowait(const Statement& statement, const Frame&) {
    with_queue(statement.numbers[0], [&](auto& queue) { queue.put_nowait(statement.numbers[1]); });
    return "ok";
}

Player::Outcome Player::getnowait(const Statement& statement, const Frame&) {
    return std::to_string(with_queue(statement.numbers[0], [](auto& queue) { return queue.get_nowait(); }));
}

Player::Outcome Player::taskdone(const Statement& statement, const Frame&) {
    with_queue(statement.numbers[0], [](auto& queue) { queue.task_done(); });
    return "ok";
}

Player::Waiting Player::join(const Statement& statement, Frame) {
    auto joining = with_queue(statement.numbers[0], [](auto& queue) { return queue.join(); });
    co_await joining;
    co_return "ok";
}

Player::Outcome Player::shutdown(const Statement& statement, const Frame&) {
    with_queue(statement.numbers[0], [&](auto& queue) { queue.shutdown(statement.numbers[1] != 0); });
    return "ok";
}

Player::Waiting Player::barrierwait(const Statement&, Frame) {
    const std::size_t index = co_await barrier_.wait();
    co_return std::to_string(index);
}

Player::Waiting Player::barrierreset(const Statement&, Frame) {
    co_await barrier_.reset();
    co_return "ok";
}

Player::Waiting Player::barrierabort(const Statement&, Frame) {
    co_await barrier_.abort();
    co_return "ok";
}

void Player::add_sync_operations(Operations& all) {
    all.plain.insert({{"release", &Player::release},
                      {"semrelease", &Player::semrelease},
                      {"notify", &Player::notify},
                      {"notifyall", &Player::notifyall},
                      {"increment", &Player::increment},
                      {"eventset", &Player::eventset},
                      {"eventclear", &Player::eventclear},
                      {"putnowait", &Player::putnowait},
                      {"getnowait", &Player::getnowait},
                      {"taskdone", &Player::taskdone},
                      {"shutdown", &Player::shutdown}});
    all.waiting.insert({{"lock", &Player::lock},
                        {"acquire", &Player::acquire},
                        {"sem", &Player::sem},
                        {"semacquire", &Player::semacquire},
                        {"condition", &Player::condition},
                        {"conditionwait", &Player::conditionwait},
                        {"conditionwaitfor", &Player::conditionwaitfor},
                        {"eventwait", &Player::eventwait},
                        {"put", &Player::put},
                        {"get", &Player::get},
                        {"join", &Player::join},
                        {"barrierwait", &Player::barrierwait},
                        {"barrierreset", &Player::barrierreset},
                        {"barrierabort", &Player::barrierabort}});
}

}  // namespace aio::test::differential
