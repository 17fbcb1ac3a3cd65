// aiocpp ps and pstree, on programs in all states, and on what is no such program. The program that is looked into is
// programs/shapes.cpp.
#include "cli/tool.hpp"

#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>

namespace aio::test {
namespace {

using testing::HasSubstr, testing::MatchesRegex, testing::Not;

// The line of programs/shapes.cpp that ends with "// @name".
const std::map<std::string, int>& marked_lines() {
    static const std::map<std::string, int> lines = [] {
        std::map<std::string, int> found;
        std::ifstream source(AIOCPP_SHAPES_SOURCE);
        std::string line;
        for (int number = 1; std::getline(source, line); ++number) {
            if (const std::size_t mark = line.find("// @"); mark != std::string::npos)
                found[line.substr(mark + 4)] = number;
        }
        return found;
    }();
    return lines;
}

// A regular expression for each line below the name of a task.
struct Expected {
    const char* shape;
    std::vector<std::string> lines;
};

// "f() at ...shapes.cpp:12", where the source has "// @mark".
std::string at(const std::string& function, const std::string& mark) {
    return function + "\\(\\) at .*shapes\\.cpp:" + std::to_string(marked_lines().at(mark));
}
std::string in_library(const std::string& function) { return function + "\\(\\) at .*\\.[ch]pp:[0-9]+"; }

std::vector<Expected> expectations() {
    const std::string lock = "<Lock locked, 20 waiters>";
    return {
        {"sleep", {at("shape_sleep", "sleep"), "waits for sleep, 3[0-9]{6}\\.[0-9]{3} s left"}},
        {"sleep_until", {at("shape_sleep_until", "sleep_until"), "waits for sleep_until for ever"}},
        {"future", {at("shape_future", "future"), "waits for a Future"}},
        {"acquire", {at("shape_acquire", "acquire"), "waits for Lock.acquire\\(\\) of " + lock}},
        {"scoped", {at("shape_scoped", "scoped"), "waits for Lock.scoped\\(\\) of " + lock}},
        {"semaphore",
         {at("shape_semaphore", "semaphore"),
          "waits for Semaphore.acquire\\(\\) of <Semaphore value 0, 10 waiters>"}},
        {"event", {at("shape_event", "event"), "waits for Event.wait\\(\\) of <Event unset, [0-9]+ waiters>"}},
        {"condition",
         {at("shape_condition", "condition"), in_library("wait"),
          "waits for Condition.wait\\(\\) of <Condition 10 waiters>"}},
        {"get", {at("shape_get", "get"), "waits for Queue.get\\(\\) of <Queue 0 items, 10 getters>"}},
        {"put", {at("shape_put", "put"), "waits for Queue.put\\(\\) of <Queue maxsize 1, 1 item, 10 putters>"}},
        {"join", {at("shape_join", "join"), "waits for Queue.join\\(\\) of <Queue 0 items, 1 unfinished>"}},
        {"barrier",
         {at("shape_barrier", "barrier"), in_library("wait"), in_library("wait_for"), in_library("wait"),
          "waits for Condition.wait\\(\\) of <Condition 10 waiters>"}},
        {"limiter", {at("shape_limiter", "limiter"), "waits for AsyncLimiter.acquire\\(\\)"}},
        {"task", {at("shape_task", "task"), "waits for task child of task"}},
        {"gather", {at("shape_gather", "gather"), "waits for gather\\(\\)"}},
        {"shield", {at("shape_shield", "shield"), "waits for shield\\(\\)"}},
        {"wait",
         {at("shape_wait", "wait"), in_library("wait_typed"), in_library("wait_until"), "waits for a Future"}},
        {"group", {at("shape_group", "group"), in_library("run_in_group"), "waits for the tasks of a TaskGroup"}},
        {"stream", {at("shape_stream", "stream"), "waits for a stream's data of <socket [0-9]+>"}},
        {"chain",
         {at("shape_chain", "chain"), at("middle_of_chain", "chain2"), at("inner_of_chain", "chain3"),
          "waits for Event.wait\\(\\) of <Event unset, [0-9]+ waiters>"}},
    };
}

// What is below each task in a tree: the lines without their margins, and the tasks.
struct Drawn {
    std::vector<std::string> lines, below;
};
struct Tree {
    std::map<std::string, Drawn> tasks;  // "name (state)"; of several with one name the last
    std::size_t count = 0;

    explicit Tree(const std::string& text) {
        std::istringstream lines(text);
        std::string line;
        std::vector<std::string> path;
        while (std::getline(lines, line)) {
            const std::size_t branch = line.find("── ");
            if (branch != std::string::npos) {
                std::size_t depth = 0;  // in characters, not bytes
                for (std::size_t i = 0; i < branch; ++i) depth += (line[i] & 0xc0) != 0x80;
                path.resize(depth / 4);
                const std::string name = line.substr(branch + std::string("── ").size());
                if (!path.empty()) tasks[path.back()].below.push_back(name);
                path.push_back(name);
                tasks[name] = {};
                ++count;
            } else if (!path.empty() && !line.starts_with("loop ")) {
                const std::size_t begin = line.find_first_not_of(" \xe2\x94\x82");
                tasks[path.back()].lines.push_back(begin == std::string::npos ? "" : line.substr(begin));
            }
        }
    }
};

// A program to look into, killed at the end.
struct Shapes {
    Process process;

    template <class... Arguments>
    static Coro<Shapes> start(std::string program, Arguments... arguments) {
        CreateSubprocess call = create_subprocess_exec(program, arguments...);
        call.stdout_(subprocess::PIPE);
        Shapes shapes;
        shapes.process = co_await call;
        const std::string line = co_await shapes.process.stdout_().readline();
        EXPECT_EQ(line, "ready\n");
        co_return shapes;
    }
    std::string pid() const { return std::to_string(process.pid()); }
    Coro<> stop() const {
        process.kill();
        co_await process.wait();
    }
};

Coro<Ended> look(const Scratch& scratch, std::string command, std::string pid) {
    return run_tool(scratch, command, pid);
}

void expect_all_shapes(const Ended& shown) {
    EXPECT_EQ(shown.status, 0) << shown.err;
    const Tree tree(shown.out);
    for (const Expected& expected : expectations()) {
        for (int i = 0; i < 10; ++i) {
            const std::string name = std::string(expected.shape) + "-" + std::to_string(i) + " (waiting)";
            const auto found = tree.tasks.find(name);
            if (found == tree.tasks.end()) {
                ADD_FAILURE() << name << " is not in\n" << shown.out;
                return;
            }
            const std::vector<std::string>& lines = found->second.lines;
            EXPECT_EQ(lines.size(), expected.lines.size()) << name << testing::PrintToString(lines);
            for (std::size_t line = 0; line < std::min(lines.size(), expected.lines.size()); ++line)
                EXPECT_THAT(lines[line], MatchesRegex(expected.lines[line])) << name;
        }
    }
    const auto below = [&](const std::string& name) { return tree.tasks.at(name + " (waiting)").below; };
    using testing::ElementsAre;
    EXPECT_THAT(below("task-3"), ElementsAre("child of task (waiting)"));
    EXPECT_THAT(below("gather-0"), ElementsAre("first of gather (waiting)", "second of gather (waiting)"));
    EXPECT_THAT(below("shield-9"), ElementsAre("shielded (waiting)"));
    EXPECT_THAT(below("wait-1"), ElementsAre("waited for (waiting)"));
    EXPECT_THAT(below("group-5"), ElementsAre("member (waiting)"));
    // The two hundred, 10 children of each of 5 shapes (two of gather's), a server's 10 connections, the main task.
    EXPECT_EQ(tree.count, 200u + 60 + 10 + 1);
}

ASYNC_TEST(ToolLook, shows_each_shape_of_waiting, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "waiting");
    expect_all_shapes(co_await look(scratch, "pstree", shapes.pid()));
    const Ended table = co_await look(scratch, "ps", shapes.pid());
    EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 1 + 271);
    EXPECT_THAT(table.out, HasSubstr("waits for Queue.get() of <Queue 0 items, 10 getters>\n"));
    const Ended json = co_await run_tool(scratch, "ps", "--json", shapes.pid());
    const auto parsed = nlohmann::json::parse(json.out);
    EXPECT_EQ(parsed["loops"].size(), 1u);
    EXPECT_EQ(parsed["loops"][0]["tasks"].size(), 271u);
    EXPECT_EQ(parsed["loops"][0]["state"], "asleep in its poll");
    EXPECT_TRUE(parsed["deadlocks"].empty());
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, shows_a_stripped_program, kOnce) {
    SKIP_WITHOUT("strip");
    const Scratch scratch;
    const int stripped = co_await run_command("strip -o '" + scratch.path("shapes") + "' '" AIOCPP_SHAPES "'");
    EXPECT_EQ(stripped, 0);
    const Shapes shapes = co_await Shapes::start(scratch.path("shapes"), "waiting");
    expect_all_shapes(co_await look(scratch, "pstree", shapes.pid()));
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, shows_a_stopped_program_and_leaves_it_stopped, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "waiting");
    shapes.process.send_signal(SIGSTOP);
    int status = 0;
    EXPECT_EQ(::waitpid(shapes.process.pid(), &status, WUNTRACED), shapes.process.pid());
    EXPECT_TRUE(WIFSTOPPED(status));
    expect_all_shapes(co_await look(scratch, "pstree", shapes.pid()));
    EXPECT_TRUE(succeeds("grep -q '^State:.*T' /proc/" + shapes.pid() + "/status"));
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, shows_a_core_file, kOnce) {
    const Scratch scratch;
    const int code = co_await run_command("cd '" + scratch.path() +
                                          "' && ulimit -c unlimited && '" AIOCPP_SHAPES "' abort > out 2>&1");
    EXPECT_NE(code, 0);
    std::string core;
    for (const std::string& name : scratch.names()) {
        if (name.starts_with("core")) core = name;
    }
    if (core.empty()) CO_SKIP();  // the kernel gives cores to another program, or to nobody
    expect_all_shapes(co_await run_tool(scratch, "pstree", "--core", core));
}

ASYNC_TEST(ToolLook, shows_which_task_blocks_its_loop, kOnce) {
    const Scratch scratch;
    for (const char* mode : {"sleep", "spin"}) {
        const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, mode);
        const Ended shown = co_await look(scratch, "pstree", shapes.pid());
        EXPECT_THAT(shown.out, HasSubstr(", busy; 1 task\n")) << mode;
        EXPECT_THAT(shown.out, HasSubstr("Task-1 (running)\n")) << mode;
        EXPECT_THAT(shown.out,
                    HasSubstr(mode == std::string("sleep") ? "blocked_task() at " : "spinning_task() at "));
        co_await shapes.stop();
    }
}

ASYNC_TEST(ToolLook, names_the_tasks_of_a_deadlock, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "ring");
    for (const char* command : {"ps", "pstree"}) {
        const Ended shown = co_await look(scratch, command, shapes.pid());
        EXPECT_THAT(shown.out,
                    HasSubstr("deadlock: 3 tasks wait for each other: ring-0 -> ring-1 -> ring-2 -> ring-0\n"));
    }
    const Ended tree = co_await look(scratch, "pstree", shapes.pid());
    EXPECT_THAT(tree.out, HasSubstr("ring-0 (waiting), drawn above\n"));
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, shows_chains_of_a_hundred_thousand_awaits, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "deep", "100000");
    const Ended shown = co_await look(scratch, "pstree", shapes.pid());
    EXPECT_EQ(shown.status, 0);
    EXPECT_THAT(shown.out, HasSubstr("  (100000 times)\n"));
    EXPECT_THAT(shown.out, HasSubstr("last of a chain (waiting)\n"));
    EXPECT_EQ(Tree(shown.out).count, 10'000u + 3);
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, finds_the_steady_tasks_of_a_program_that_never_rests, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "storm");
    for (int i = 0; i < 10; ++i) {
        const Ended shown = co_await run_tool(scratch, "ps", "--json", shapes.pid());
        EXPECT_EQ(shown.status, 0) << shown.err;
        const auto parsed = nlohmann::json::parse(shown.out);
        int steady = 0;
        for (const auto& task : parsed["loops"][0]["tasks"]) steady += task["name"] == "steady";
        // Each once, unless the tool says that the list changed too fast.
        if (parsed["loops"][0]["complete"] == true) {
            EXPECT_EQ(steady, 100);
        } else {
            EXPECT_LE(steady, 100);
        }
    }
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, top_shows_loops_and_where_tasks_wait, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "waiting");
    const Ended shown = co_await run_tool(scratch, "top", "--once", "-d", "0.05", shapes.pid());
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_THAT(shown.out, testing::StartsWith("LOOP    THREAD  BACKEND   BUSY "));
    EXPECT_THAT(shown.out,
                testing::ContainsRegex("     60  never\\(\\) at .*shapes.cpp:[0-9]+, waits for Event.wait\\(\\)\n"));
    EXPECT_THAT(shown.out, HasSubstr(", waits for Lock.scoped()\n"));
    const Ended json = co_await run_tool(scratch, "top", "--json", "-d", "0.05", shapes.pid());
    const auto parsed = nlohmann::json::parse(json.out);
    EXPECT_EQ(parsed["loops"][0]["tasks"]["waiting"], 271);
    EXPECT_EQ(parsed["loops"][0]["tasks"]["running"], 0);
    EXPECT_EQ(parsed["places"][0]["tasks"], 60);
    co_await shapes.stop();
    const Shapes busy = co_await Shapes::start(AIOCPP_SHAPES, "storm");
    const auto storm =
        nlohmann::json::parse((co_await run_tool(scratch, "top", "--json", "-d", "0.2", busy.pid())).out);
    EXPECT_GT(storm["loops"][0]["busy"], 0);
    EXPECT_GT(storm["loops"][0]["passes_per_second"], 0);
    EXPECT_GE(storm["loops"][0]["passes_per_second"], storm["loops"][0]["polls_per_second"]);
    co_await busy.stop();
    for (const char* delay : {"0", "-1", "0.001", "1e9", "x"})
        EXPECT_EQ((co_await run_tool(scratch, "top", "-d", delay, "1")).status, 2) << delay;
}

ASYNC_TEST(ToolLook, top_names_the_longest_step_and_counts_connections, kOnce) {
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "stutter");
    const Ended json = co_await run_tool(scratch, "top", "--json", "-d", "0.2", "--sort", "busy", shapes.pid());
    const auto parsed = nlohmann::json::parse(json.out);
    EXPECT_EQ(parsed["connections"], 2);
    const auto& loop = parsed["loops"][0];
    EXPECT_GE(loop["longest_busy_seconds"], 0.03);  // counted by the loop itself
    EXPECT_EQ(loop["longest_step"]["task"], "task 'stutterer'");
    EXPECT_GT(loop["longest_step"]["seconds"], 0.0);
    EXPECT_LE(loop["longest_step"]["seconds"], loop["longest_busy_seconds"].get<double>() + 1);
    EXPECT_THAT(loop["longest_step"]["last_await"].get<std::string>(),
                MatchesRegex(at("stuttering_task", "stutter")));
    const Ended shown = co_await run_tool(scratch, "top", "--once", "-d", "0.2", shapes.pid());
    EXPECT_THAT(shown.out, HasSubstr("\nconnections: 2\n"));
    EXPECT_THAT(shown.out,
                testing::ContainsRegex("\nlongest step of loop [0-9]+: [0-9]+ ms in task 'stutterer', last "
                                       "await in stuttering_task\\(\\) at .*shapes.cpp:[0-9]+\n"));
    EXPECT_EQ((co_await run_tool(scratch, "top", "--once", "--sort", "x", shapes.pid())).status, 2);
    co_await shapes.stop();
}

ASYNC_TEST(ToolLook, says_what_is_no_program_of_ours, kOnce) {
    const Scratch scratch;
    const Process other = co_await create_subprocess_exec("sleep", "1000");
    const Ended foreign = co_await look(scratch, "pstree", std::to_string(other.pid()));
    EXPECT_EQ(foreign.status, 1);
    EXPECT_THAT(foreign.err, MatchesRegex("aiocpp: the process [0-9]+ has no aiocpp in it .*\n"));
    other.kill();
    co_await other.wait();
    const Ended gone = co_await look(scratch, "ps", "2147483647");
    EXPECT_EQ(gone.err, "aiocpp: there is no process 2147483647\n");
    EXPECT_EQ(gone.status, 1);
    for (const char* pid : {"0", "-1", "abc", ""}) EXPECT_EQ((co_await look(scratch, "ps", pid)).status, 2) << pid;
    scratch.write("core", "no core");
    const Ended bad = co_await run_tool(scratch, "ps", "--core", "core");
    EXPECT_EQ(bad.err, "aiocpp: core is no core file of a 64-bit program\n");
    const Ended missing = co_await run_tool(scratch, "ps", "--core", "nothing");
    EXPECT_THAT(missing.err, HasSubstr("the core file nothing cannot be opened: No such file"));
}

ASYNC_TEST(ToolLook, says_what_to_do_when_it_may_not_read, kOnce) {
    if (::geteuid() != 0) CO_SKIP();  // only root can become somebody else
    SKIP_WITHOUT("setpriv");
    const Scratch scratch;
    const Shapes shapes = co_await Shapes::start(AIOCPP_SHAPES, "waiting");
    CreateSubprocess call = create_subprocess_exec("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                                   AIOCPP_TOOL, "ps", shapes.pid());
    call.cwd("/").stdout_(subprocess::PIPE).stderr_(subprocess::PIPE);
    const Ended refused = co_await ended(call);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("may not be read: run this as the same user or as root"));
    EXPECT_THAT(refused.err, HasSubstr("sysctl kernel.yama.ptrace_scope=0"));
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1);
    co_await shapes.stop();
}

}  // namespace
}  // namespace aio::test
