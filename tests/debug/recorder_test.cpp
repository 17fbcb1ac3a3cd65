// The flight recorder and traces: what loops did, as readers of their rings see it.
#include <aio/debug.hpp>

#include <aio/aio.hpp>
#include <aio/http.hpp>

#include "core/recorder.hpp"
#include "debug/memory.hpp"
#include "debug/recording.hpp"
#include "debug/window_reader.hpp"
#include "support/async_test.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>

namespace aio::test {
namespace {

using debug::LoopEvent, debug::EventKind, debug::LoopRecording, debug::Recording, debug::StepEnd;
using testing::HasSubstr, testing::ContainsRegex, testing::Not;

Recording recorded() {
    debug::ProcessMemory memory(::getpid());
    return debug::WindowReader(memory, "this process").read_recording();
}

// The loop that ran last.
const LoopRecording& newest(const Recording& recording) {
    const LoopRecording* found = nullptr;
    for (const LoopRecording& loop : recording.loops) {
        if (!found || loop.number > found->number) found = &loop;
    }
    if (!found) throw std::runtime_error("nothing was recorded");
    return *found;
}

// What happened to the task of that name, in words.
Log story_of(const Recording& recording, const std::string& name) {
    Log story;
    const LoopRecording& loop = newest(recording);
    for (const LoopEvent& event : loop.events) {
        if (event.task == 0 || event.kind == EventKind::io || task_name(loop, event.task) != name) continue;
        const std::string function =
            event.place < 0 ? "" : recording.tasks.places[static_cast<std::size_t>(event.place)].function;
        if (event.kind == EventKind::start) story.push_back("begins in " + function);
        if (event.kind != EventKind::step) continue;
        switch (event.end) {
            case StepEnd::waits:
                story.push_back(function + " waits for " +
                                (event.awaits ? task_name(loop, event.awaits) : event.text));
                break;
            case StepEnd::ready: story.push_back(function + " is ready"); break;
            case StepEnd::finished: story.push_back("finished"); break;
            case StepEnd::failed: story.push_back("failed"); break;
            case StepEnd::cancelled: story.push_back("cancelled"); break;
        }
    }
    return story;
}

Coro<> waits_inside(Event& event) { co_await event.wait(); }
Coro<> waits_for_event(Event& event) {
    co_await waits_inside(event);
    co_await aio::sleep(0s);
}

// For the loops of a test.
class Recorded {
public:
    Recorded() { debug::record_events(); }
    ~Recorded() { debug::record_events(0); }
};

// A loop of its own records from its beginning: the first steps behind each poll are events each.
template <class F>
Recording record(F body) {
    const Recorded loops;
    Recording recording;
    const auto main = [&]() -> Coro<> {
        co_await body();
        recording = recorded();
    };
    aio::run(main());
    return recording;
}

TEST(Recorder, keeps_the_steps_of_a_task_and_what_it_waits_for) {
    Event event;
    const auto body = [&]() -> Coro<> {
        Task<> inner = create_task(waits_for_event(event), {.name = "inner"});
        Task<> outer = create_task([](Task<> task) -> Coro<> { co_await task; }, inner);
        outer.set_name("outer");
        co_await aio::sleep(1ms);
        event.set();
        co_await outer;
    };
    const Recording recording = record(body);
    EXPECT_THAT(story_of(recording, "inner"),
                testing::ElementsAre("begins in waits_for_event", "waits_inside waits for Event.wait()",
                                     "waits_for_event is ready", "finished"));
    const Log outer = story_of(recording, "outer");
    ASSERT_EQ(outer.size(), 3u) << testing::PrintToString(outer);
    EXPECT_THAT(outer[1], HasSubstr(" waits for inner"));
    EXPECT_EQ(outer[2], "finished");
    // The sleep is a poll, and a timer that was due.
    const LoopRecording& loop = newest(recording);
    const auto slept = std::find_if(loop.events.begin(), loop.events.end(), [](const LoopEvent& each) {
        return each.kind == EventKind::poll && each.end_ns - each.begin_ns >= 900'000 && each.count == 1;
    });
    EXPECT_NE(slept, loop.events.end());
    const std::string text = debug::render_events(recording, loop, 1000);
    EXPECT_THAT(text, ContainsRegex("a step of outer, waits in .* for inner\n"));
    EXPECT_THAT(text, ContainsRegex("a step of inner, waits in waits_inside\\(\\) at .*recorder_test.cpp:[0-9]+ for "
                                    "Event.wait\\(\\)\n"));
}

std::vector<Task<>> two(const Task<>& a, const Task<>& b) { return {a, b}; }

TEST(Recorder, keeps_how_tasks_end) {
    const auto body = []() -> Coro<> {
        Task<> failing = create_task([]() -> Coro<> {
            co_await aio::sleep(0s);
            throw std::runtime_error("meant");
        });
        failing.set_name("failing");
        Task<> cancelled = create_task([]() -> Coro<> { co_await aio::sleep(1h); });
        cancelled.set_name("cancelled");
        co_await aio::sleep(1ms);
        cancelled.cancel();
        const std::vector<Task<>> both = two(failing, cancelled);
        co_await aio::wait(both);
        EXPECT_TRUE(failing.exception());
    };
    const Recording recording = record(body);
    EXPECT_EQ(story_of(recording, "failing").back(), "failed");
    EXPECT_EQ(story_of(recording, "cancelled").back(), "cancelled");
}

TEST(Recorder, lets_a_flood_of_short_steps_share_events) {
    constexpr int kSteps = 20'000;
    const auto body = []() -> Coro<> {
        for (int i = 0; i < kSteps; ++i) co_await aio::sleep(0s);
    };
    const Recording recording = record(body);
    std::uint64_t steps = 0;
    for (const LoopEvent& event : newest(recording).events) {
        if (event.kind == EventKind::step) steps += event.count;
    }
    // All of them were counted, in this loop's events or in those of an earlier one on the same memory.
    EXPECT_GE(steps + 64, static_cast<std::uint64_t>(kSteps));
}

TEST(Recorder, overwrites_the_oldest_events_and_says_how_many) {
    const auto body = []() -> Coro<> {
        for (std::uint64_t i = 0; i < detail::Recorder::kEvents; ++i) co_await aio::sleep(1ns);
    };
    const Recording recording = record(body);
    const LoopRecording& loop = newest(recording);
    EXPECT_GT(loop.lost, 0u);
    EXPECT_LE(loop.events.size(), detail::Recorder::kEvents);
    EXPECT_GT(loop.events.size(), detail::Recorder::kEvents / 2);
    for (std::size_t i = 1; i < loop.events.size(); ++i) ASSERT_LE(loop.events[i - 1].end_ns, loop.events[i].end_ns);
}

class TakenLogs {
public:
    TakenLogs() : before_(set_logger([](LogLevel, std::string_view text) { lines().emplace_back(text); })) {
        lines().clear();
    }
    ~TakenLogs() { set_logger(before_); }
    static Log& lines() {
        static Log all;
        return all;
    }

private:
    Logger before_;
};

Coro<> serve(std::vector<std::string> paths) {
    http::Application app;
    app.router().add_get("/slow", [](http::Request&) -> Coro<http::Response> {
        co_await aio::sleep(30ms);
        co_return http::Response::text("done");
    });
    app.router().add_get("/fast", [](http::Request&) { return http::Response::text("done"); });
    http::TestClient client(app);
    co_await client.start();
    for (const std::string& path : paths) {
        http::ClientResponse response = co_await client.get(path);
        co_await response.read();
    }
    co_await client.close();
}

TEST(Recorder, explains_slow_requests_only) {
    const TakenLogs logs;
    const Recorded loops;
    debug::on_slow_request(20ms);
    aio::run(serve({"/fast", "/slow"}));
    debug::on_slow_request(Duration::max());
    aio::run(serve({"/slow"}));
    ASSERT_EQ(TakenLogs::lines().size(), 1u);
    EXPECT_THAT(TakenLogs::lines()[0],
                ContainsRegex("^the request GET /slow took [0-9]+ ms\nloop [0-9]+, its last [0-9]+ events:\n"));
    EXPECT_THAT(TakenLogs::lines()[0], HasSubstr(" for sleep\n"));
    EXPECT_THAT(TakenLogs::lines()[0], ContainsRegex("served GET /slow: 200, in "));
}

TEST(RecorderDeathTest, shows_its_events_before_an_exception_ends_the_program) {
    const auto fail = [] {
        debug::dump_on_unhandled_exception();
        []() noexcept {
            const auto main = []() -> Coro<> {
                co_await aio::sleep(1ms);
                throw std::runtime_error("the end");
            };
            aio::run(main());
        }();
    };
    EXPECT_DEATH(fail(), "before the exception that ends the program:\nloop (.|\n)*Task-1(.|\n)*the end");
}

// --- traces ----------------------------------------------------------------------------------------------------------

class TraceFile {
public:
    TraceFile() : path_("/tmp/aiocpp-trace-test-" + std::to_string(::getpid()) + ".json") {}
    ~TraceFile() { std::remove(path_.c_str()); }
    const std::string& path() const { return path_; }
    nlohmann::json read() const {
        std::ifstream file(path_);
        return nlohmann::json::parse(file);
    }

private:
    std::string path_;
};

TEST(Recorder, records_nothing_unless_it_is_asked_to) {
    const auto main = []() -> Coro<> {
        EXPECT_EQ(detail::Recorder::here(), nullptr);
        co_return;
    };
    aio::run(main());
    const Recorded loops;
    const auto recorded_main = []() -> Coro<> {
        EXPECT_NE(detail::Recorder::here(), nullptr);
        co_return;
    };
    aio::run(recorded_main());
}

TEST(Trace, is_a_file_of_slices_that_begin_and_end) {
    const TraceFile file;
    const Recorded loops;
    const std::vector<std::string> paths{"/slow", "/fast"};
    const auto main = [&]() -> Coro<> {
        trace::start(file.path());
        co_await serve(paths);
        trace::stop();
    };
    aio::run(main(), {.backend = "epoll"});
    const nlohmann::json json = file.read();
    std::map<std::string, int> open;
    std::map<std::string, int> phases;
    for (const nlohmann::json& event : json["traceEvents"]) {
        const std::string phase = event["ph"];
        ++phases[phase + " " + event["cat"].get<std::string>()];
        if (phase == "b") ++open[event["id"]];
        if (phase == "e") {
            EXPECT_GE(--open[event["id"]], 0) << event;
        }
        if (phase == "X") {
            EXPECT_GE(event["dur"].get<double>(), 0) << event;
        }
    }
    for (const auto& [id, count] : open) EXPECT_EQ(count, 0) << id;
    EXPECT_EQ(phases["b request"], 2);
    EXPECT_GT(phases["X step"], 4);
    EXPECT_GT(phases["X poll"], 2);
    EXPECT_GT(phases["i io"], 2);
    EXPECT_THAT(json["traceEvents"].dump(), HasSubstr("GET /slow"));
    EXPECT_THAT(json["traceEvents"].dump(), HasSubstr("waits for sleep"));
}

TEST(Trace, of_another_begins_when_it_is_started_again) {
    const TraceFile file;
    const Recorded loops;
    trace::stop();  // of none
    trace::start(file.path());
    trace::start(file.path());
    trace::stop();
    trace::stop();
    EXPECT_TRUE(file.read().contains("traceEvents"));
    EXPECT_THROW(trace::start("/nowhere/trace.json"), OSError);
}

// Extremes: trace::Options::events, debug::record_events(events), debug::on_slow_request(threshold), debug::format_recorded_events(most)
TEST(Trace, takes_any_numbers_but_none) {
    const TraceFile file;
    const std::size_t before = detail::recorder_events();
    EXPECT_THROW(trace::start(file.path(), {.events = 0}), ValueError);
    for (const std::size_t events : {std::size_t{1}, std::numeric_limits<std::size_t>::max()}) {
        trace::start(file.path(), {.events = events});
        trace::stop();
    }
    for (const std::size_t events : {std::size_t{0}, std::size_t{1}, std::numeric_limits<std::size_t>::max()}) {
        debug::record_events(events);
        aio::run(aio::sleep(0s));
    }
    detail::set_recorder_events(before);
    EXPECT_THROW(debug::on_slow_request(Duration(-1)), ValueError);
    EXPECT_THROW(debug::on_slow_request(Duration::min()), ValueError);
    for (const Duration threshold : {Duration(0), Duration(1), Duration::max()}) debug::on_slow_request(threshold);
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::numeric_limits<std::size_t>::max()})
        EXPECT_THAT(debug::format_recorded_events(most), HasSubstr(", its last "));
}

}  // namespace
}  // namespace aio::test
