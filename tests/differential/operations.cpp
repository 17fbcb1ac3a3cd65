// The statements about time, blocks, tasks, futures and callbacks, as in operations.py.
#include <algorithm>
#include <iterator>

#include "player.hpp"

namespace aio::test::differential {

namespace {

Duration ms(int count) { return std::chrono::milliseconds(count); }
std::optional<Duration> limit_of(int number) {
    return number < 0 ? std::nullopt : std::optional<Duration>(ms(number));
}

std::string listed(const std::vector<int>& results) {
    std::string all;
    for (int result : results) all += (all.empty() ? "" : " ") + std::to_string(result);
    return all;
}
std::string listed(const std::vector<Result<int>>& results) {
    std::string all;
    for (const Result<int>& result : results) {
        if (!all.empty()) all += ' ';
        all += result.has_value() ? std::to_string(result.value()) : describe(result.error());
    }
    return all;
}

}  // namespace

Player::Waiting Player::sleep(const Statement& statement, Frame) {
    co_await aio::sleep(ms(statement.numbers[0]));
    co_return "ok";
}

Player::Waiting Player::yield(const Statement&, Frame) {
    co_await aio::sleep(ms(0));
    co_return "ok";
}

Player::Waiting Player::tick(const Statement& statement, Frame frame) {
    for (int number = 0; number < statement.numbers[0]; ++number) {
        co_await aio::sleep(ms(0));
        log("T" + std::to_string(frame.task), "tick " + std::to_string(number));
    }
    co_return "ok";
}

Player::Waiting Player::try_(const Statement& statement, Frame frame) {
    std::exception_ptr error;
    try {
        co_await block(statement.body, frame);
    } catch (...) {
        error = std::current_exception();
    }
    const bool cancelled = error && ExceptionGroup::holds<CancelledError>(error);
    if (error && !statement.catches.empty() &&
        (statement.catches == "any" || (statement.catches == "cancel") == cancelled)) {
        log("T" + std::to_string(frame.task), "caught " + describe(error));
        error = nullptr;
        try {
            co_await block(statement.handler, frame);
        } catch (...) {
            error = std::current_exception();
        }
    }
    co_await block(statement.last, frame);
    if (error) std::rethrow_exception(error);
    co_return "ok";
}

Player::Waiting Player::timeout(const Statement& statement, Frame frame) {
    auto inside = [&](Timeout& timeout) { return block(statement.body, {frame.task, frame.group, &timeout}); };
    co_await aio::with_timeout(limit_of(statement.numbers[0]), inside);
    co_return "ok";
}

Player::Outcome Player::reschedule(const Statement& statement, const Frame& frame) {
    const std::optional<Duration> limit = limit_of(statement.numbers[0]);
    frame.timeout->reschedule(limit ? std::optional(loop_.time() + *limit) : std::nullopt);
    return "ok";
}

Player::Waiting Player::group(const Statement& statement, Frame frame) {
    auto inside = [&](TaskGroup& group) { return block(statement.body, {frame.task, &group, frame.timeout}); };
    co_await aio::with_task_group(inside);
    co_return "ok";
}

Player::Outcome Player::groupcancel(const Statement&, const Frame& frame) {
    frame.group->cancel();
    return "ok";
}

Player::Outcome Player::fail(const Statement& statement, const Frame&) { throw Boom(statement.numbers[0]); }

Player::Outcome Player::state(const Statement&, const Frame&) {
    std::string tasks;
    for (const auto& [number, task] : spawned_) {
        tasks += (tasks.empty() ? "T" : ", T") + std::to_string(number) + " " + state_of(task);
    }
    const std::string sizes = std::to_string(fifo_.qsize()) + ", " + std::to_string(lifo_.qsize()) + ", " +
                              std::to_string(priority_.qsize());
    return std::to_string(current_task().cancelling()) + " " + tasks + ", [" + sizes + "] " +
           std::to_string(counter_);
}

Player::Outcome Player::remember(int slot, Task<int> task, int number) {
    slots_[slot] = spawned_.size();
    spawned_.push_back({number, std::move(task)});
    return "T" + std::to_string(number);
}

Player::Outcome Player::spawn(const Statement& statement, const Frame&) {
    const int number = ++numbers_;
    return remember(statement.numbers[0], loop_.create_task(body(statement.numbers[1], {.task = number})), number);
}

Player::Outcome Player::groupspawn(const Statement& statement, const Frame& frame) {
    const int number = ++numbers_;
    const Frame inside{number, frame.group};
    return remember(statement.numbers[0], frame.group->create_task(body(statement.numbers[1], inside)), number);
}

Player::Waiting Player::call(const Statement& statement, Frame frame) {
    const int result = co_await body(statement.numbers[0], frame);
    co_return std::to_string(result);
}

Player::Waiting Player::await(const Statement& statement, Frame) {
    const Task<int> task = slot(statement.numbers[0]).task;
    const int result = co_await task;
    co_return std::to_string(result);
}

Player::Waiting Player::awaitfuture(const Statement& statement, Frame) {
    const int result = co_await futures_[static_cast<std::size_t>(statement.numbers[0])];
    co_return std::to_string(result);
}

Player::Outcome Player::cancel(const Statement& statement, const Frame&) {
    return std::to_string(slot(statement.numbers[0]).task.cancel());
}

Player::Outcome Player::cancelmsg(const Statement& statement, const Frame&) {
    return std::to_string(slot(statement.numbers[0]).task.cancel("m" + std::to_string(statement.numbers[1])));
}

Player::Outcome Player::cancelme(const Statement&, const Frame&) {
    current_task().cancel();
    return "ok";
}

Player::Outcome Player::uncancel(const Statement&, const Frame&) { return std::to_string(current_task().uncancel()); }

Player::Outcome Player::futureset(const Statement& statement, const Frame&) {
    futures_[static_cast<std::size_t>(statement.numbers[0])].set_result(statement.numbers[1]);
    return "ok";
}

Player::Outcome Player::futurefail(const Statement& statement, const Frame&) {
    futures_[static_cast<std::size_t>(statement.numbers[0])].set_exception(Boom(statement.numbers[1]));
    return "ok";
}

Player::Outcome Player::futurecancel(const Statement& statement, const Frame&) {
    return std::to_string(futures_[static_cast<std::size_t>(statement.numbers[0])].cancel());
}

std::vector<Coro<int>> Player::new_bodies(const Statement& statement) {
    std::vector<Coro<int>> all;
    for (int number : statement.numbers) all.push_back(body(number, {.task = ++numbers_}));
    return all;
}

Player::Waiting Player::gather(const Statement& statement, Frame) {
    std::vector<Task<int>> tasks = tasks_of(statement);
    const std::vector<int> results = co_await aio::gather(tasks);
    co_return listed(results);
}

Player::Waiting Player::gatherkeep(const Statement& statement, Frame) {
    std::vector<Task<int>> tasks = tasks_of(statement);
    const std::vector<Result<int>> results = co_await aio::gather(tasks, return_exceptions);
    co_return listed(results);
}

Player::Waiting Player::gatherbodies(const Statement& statement, Frame) {
    std::vector<Coro<int>> bodies = new_bodies(statement);
    const std::vector<int> results = co_await aio::gather(std::move(bodies));
    co_return listed(results);
}

Player::Waiting Player::gatherbodieskeep(const Statement& statement, Frame) {
    std::vector<Coro<int>> bodies = new_bodies(statement);
    const std::vector<Result<int>> results = co_await aio::gather(std::move(bodies), return_exceptions);
    co_return listed(results);
}

std::string Player::numbers_of(const std::vector<Task<int>>& tasks) const {
    std::set<int> numbers;
    for (const auto& [number, task] : spawned_) {
        if (std::find(tasks.begin(), tasks.end(), task) != tasks.end()) numbers.insert(number);
    }
    return listed(std::vector<int>(numbers.begin(), numbers.end()));
}

Player::Waiting Player::wait(const Statement& statement, Frame) {
    static constexpr ReturnWhen kWhen[] = {ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION};
    std::vector<Task<int>> tasks = tasks_of(statement);
    const WaitOptions options{limit_of(statement.numbers[1]), kWhen[statement.numbers[0]]};
    const WaitResult<Task<int>> result = co_await aio::wait(tasks, options);
    std::string text = numbers_of(result.done) + " | " + numbers_of(result.pending);
    const std::size_t from = text.find_first_not_of(' ');
    co_return text.substr(from, text.find_last_not_of(' ') + 1 - from);
}

Player::Waiting Player::waitfor(const Statement& statement, Frame) {
    const Task<int> task = slot(statement.numbers[1]).task;
    const int result = co_await aio::wait_for(task, limit_of(statement.numbers[0]));
    co_return std::to_string(result);
}

Player::Waiting Player::waitforbody(const Statement& statement, Frame) {
    Coro<int> started = body(statement.numbers[1], {.task = ++numbers_});
    const int result = co_await aio::wait_for(std::move(started), limit_of(statement.numbers[0]));
    co_return std::to_string(result);
}

Player::Waiting Player::waitforfuture(const Statement& statement, Frame) {
    const Future<int> future = futures_[static_cast<std::size_t>(statement.numbers[1])];
    const int result = co_await aio::wait_for(future, limit_of(statement.numbers[0]));
    co_return std::to_string(result);
}

Player::Waiting Player::shield(const Statement& statement, Frame) {
    const Task<int> task = slot(statement.numbers[0]).task;
    const int result = co_await aio::shield(task);
    co_return std::to_string(result);
}

Player::Waiting Player::waitforshield(const Statement& statement, Frame) {
    const Task<int> task = slot(statement.numbers[1]).task;
    const int result = co_await aio::wait_for(aio::shield(task), limit_of(statement.numbers[0]));
    co_return std::to_string(result);
}

Player::Outcome Player::soon(const Statement& statement, const Frame&) {
    const int callback = statement.numbers[1];
    handles_[statement.numbers[0]] = loop_.call_soon([this, callback] { call_back(callback); });
    return "ok";
}

Player::Outcome Player::later(const Statement& statement, const Frame&) {
    const int callback = statement.numbers[2];
    handles_[statement.numbers[0]] =
        loop_.call_later(ms(statement.numbers[1]), [this, callback] { call_back(callback); });
    return "ok";
}

Player::Outcome Player::handlecancel(const Statement& statement, const Frame&) {
    handles_.at(statement.numbers[0]).cancel();
    return "ok";
}

Player::Outcome Player::ondone(const Statement& statement, const Frame&) {
    const int callback = statement.numbers[1];
    slot(statement.numbers[0]).task.add_done_callback([this, callback] { call_back(callback); });
    return "ok";
}

Player::Outcome Player::onfuture(const Statement& statement, const Frame&) {
    const int callback = statement.numbers[1];
    futures_[static_cast<std::size_t>(statement.numbers[0])].add_done_callback(
        [this, callback] { call_back(callback); });
    return "ok";
}

Player::Operations Player::operations() {
    Operations all{{{"reschedule", &Player::reschedule},
                    {"groupcancel", &Player::groupcancel},
                    {"fail", &Player::fail},
                    {"state", &Player::state},
                    {"spawn", &Player::spawn},
                    {"groupspawn", &Player::groupspawn},
                    {"cancel", &Player::cancel},
                    {"cancelmsg", &Player::cancelmsg},
                    {"cancelme", &Player::cancelme},
                    {"uncancel", &Player::uncancel},
                    {"futureset", &Player::futureset},
                    {"futurefail", &Player::futurefail},
                    {"futurecancel", &Player::futurecancel},
                    {"soon", &Player::soon},
                    {"later", &Player::later},
                    {"handlecancel", &Player::handlecancel},
                    {"ondone", &Player::ondone},
                    {"onfuture", &Player::onfuture}},
                   {{"sleep", &Player::sleep},
                    {"yield", &Player::yield},
                    {"tick", &Player::tick},
                    {"try", &Player::try_},
                    {"timeout", &Player::timeout},
                    {"group", &Player::group},
                    {"call", &Player::call},
                    {"await", &Player::await},
                    {"awaitfuture", &Player::awaitfuture},
                    {"gather", &Player::gather},
                    {"gatherkeep", &Player::gatherkeep},
                    {"gatherbodies", &Player::gatherbodies},
                    {"gatherbodieskeep", &Player::gatherbodieskeep},
                    {"wait", &Player::wait},
                    {"waitfor", &Player::waitfor},
                    {"waitforbody", &Player::waitforbody},
                    {"waitforfuture", &Player::waitforfuture},
                    {"shield", &Player::shield},
                    {"waitforshield", &Player::waitforshield}}};
    add_sync_operations(all);
    return all;
}

}  // namespace aio::test::differential
