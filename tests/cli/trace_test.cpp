// aiocpp trace and aiocpp top --sample: on programs/shapes.cpp, and their pages in a browser, where one is installed.
#include "cli/tool.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>
#include <iterator>

namespace aio::test {
namespace {

using testing::HasSubstr, testing::ContainsRegex, testing::Not;

struct Program {
    Process process;

    static Coro<Program> start(const char* mode) {
        CreateSubprocess call = create_subprocess_exec("env", "AIO_RECORDER=32768", AIOCPP_SHAPES, mode);
        call.stdout_(subprocess::PIPE);
        Program program;
        program.process = co_await call;
        const std::string line = co_await program.process.stdout_().readline();
        EXPECT_EQ(line, "ready\n");
        co_return program;
    }
    std::string pid() const { return std::to_string(process.pid()); }
    Coro<> stop() const {
        process.kill();
        co_await process.wait();
    }
};

// What the browser shows of `page` after `script` has run in it: the text of the element "result".
Coro<std::string> clicked(const Scratch& scratch, const std::string& page, const std::string& script) {
    {
        std::ofstream file(scratch.path(page), std::ios::app);
        file << "<pre id=result></pre><script>const say = text => document.getElementById('result').textContent += "
                "'{' + text + '}';\ntry {" +
                    script + "} catch (error) { say(error); }</script>";
    }
    const int code = co_await run_command(
        "cd '" + scratch.path() + "' && browser=$(command -v chromium-headless-shell || command -v chromium) && " +
        "HOME=\"$PWD\" \"$browser\" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
        "--user-data-dir=\"$PWD/profile\" --virtual-time-budget=10000 --window-size=1200,800 --dump-dom "
        "\"file://$PWD/" +
        page + "\" > shown 2> log");
    EXPECT_EQ(code, 0);
    std::ifstream file(scratch.path("shown"));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t at = text.rfind("<pre id=\"result\">");
    co_return at == text.npos ? text : text.substr(at);
}

ASYNC_TEST(ToolTrace, reads_the_events_of_a_program_and_makes_a_page_of_them, kOnce) {
    const Scratch scratch;
    const Program program = co_await Program::start("waiting");
    const std::string pid = program.pid();
    const Ended text = co_await run_tool(scratch, "trace", "dump", "--text", pid);
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_THAT(text.out, ContainsRegex("a step of event-3, waits in shape_event\\(\\) at .*shapes.cpp:[0-9]+ for "
                                        "Event.wait\\(\\)\n"));
    const Ended dumped = co_await run_tool(scratch, "trace", "dump", "-o", scratch.path("t.json"), pid);
    EXPECT_EQ(dumped.status, 0) << dumped.err;
    const Ended viewed = co_await run_tool(scratch, "trace", "view", scratch.path("t.json"));
    EXPECT_EQ(viewed.status, 0) << viewed.err;
    co_await program.stop();
    SKIP_UNLESS("command -v chromium-headless-shell || command -v chromium");
    const std::string shown = co_await clicked(scratch, "t.json.html", R"JS(
        const press = (id, what) => document.getElementById(id).dispatchEvent(what);
        say(rows[0].name + ' ' + (rows.length > 200));
        search.value = 'event-3'; press('search', new Event('input')); say(found.textContent);
        press('search', new KeyboardEvent('keydown', { key: 'Enter' })); say(title.textContent);
        const before = to - from; document.getElementById('in').click(); say(to - from < before);
        longest.querySelector('button').click(); say(details.textContent.includes('took') && longest.children.length);
        document.getElementById('all').click(); say(from === first && to === last);
        const row = rows.find(each => each.kind === 'task' && each.bars.some(bar => bar.kind === 'wait'));
        reveal(row); center(row.bars.find(bar => bar.kind === 'wait'));
        hit(kLeft + (box.clientWidth - kLeft) / 2, row.index * kHeight - box.scrollTop + 9);
        say(title.textContent.startsWith('waits for ') && waits.textContent.includes('waits for '));
    )JS");
    EXPECT_THAT(shown, ContainsRegex("\\{loop [0-9]+ true\\}\\{1 found\\}\\{event-3[^}]*\\}\\{true\\}\\{10\\}"
                                     "\\{true\\}\\{true\\}"));
}

ASYNC_TEST(ToolTrace, says_what_is_no_trace, kOnce) {
    const Scratch scratch;
    std::ofstream(scratch.path("no.json")) << "[1, 2]";
    const Ended no = co_await run_tool(scratch, "trace", "view", scratch.path("no.json"));
    EXPECT_NE(no.status, 0);
    EXPECT_THAT(no.err, HasSubstr("no.json' is no trace: give a file that"));
    const Ended nothing = co_await run_tool(scratch, "trace", "view", scratch.path("missing"));
    EXPECT_THAT(nothing.err, HasSubstr("open the trace '"));
    const Ended neither = co_await run_tool(scratch, "trace", "dump");
    EXPECT_EQ(neither.status, 2);
}

ASYNC_TEST(ToolTrace, samples_where_tasks_wait_by_whole_chains, kOnce) {
    const Scratch scratch;
    const Program program = co_await Program::start("waiting");
    const Ended json = co_await run_tool(scratch, "top", "--sample", "--duration", "0.2", "--json", program.pid());
    EXPECT_EQ(json.status, 0) << json.err;
    const auto parsed = nlohmann::json::parse(json.out);
    const std::size_t looks = parsed["looks"];
    EXPECT_GT(looks, 0u);
    // Ten tasks of that shape, in each look: outer frame, middle, inner, and the call.
    bool found = false;
    for (const auto& each : parsed["tasks"]) {
        if (!each["chain"][0].get<std::string>().starts_with("shape_chain() at ")) continue;
        found = true;
        EXPECT_EQ(each["chain"].size(), 4u);
        EXPECT_EQ(each["chain"].back(), "waits for Event.wait()");
        EXPECT_EQ(each["count"], 10 * looks);
    }
    EXPECT_TRUE(found) << json.out;
    const Ended page = co_await run_tool(scratch, "top", "--sample", "--duration", "0.1", "-o",
                                         scratch.path("s.html"), program.pid());
    EXPECT_EQ(page.status, 0) << page.err;
    co_await program.stop();
    const Program busy = co_await Program::start("spin");
    const Ended text = co_await run_tool(scratch, "top", "--sample", "--duration", "0.1", busy.pid());
    EXPECT_THAT(text.out, ContainsRegex("  100.0 %  loop [0-9]+\n +spinning_task\\(\\) at "));
    co_await busy.stop();
    SKIP_UNLESS("command -v chromium-headless-shell || command -v chromium");
    const std::string shown = co_await clicked(scratch, "s.html", R"JS(
        const named = text => [...document.querySelectorAll('#tasks .frame')].find(each => each.textContent.startsWith(text));
        say(document.querySelectorAll('#tasks .frame').length > 20);
        search.value = 'middle_of_chain'; search.dispatchEvent(new Event('input')); say(found.textContent);
        named('shape_chain() at').click(); say(detail.textContent.includes(', 10.00 on average'));
        say(document.querySelectorAll('#tasks .frame').length);
        document.getElementById('all').click(); say(detail.textContent === '');
    )JS");
    EXPECT_THAT(shown, HasSubstr("{true}{1 found}{true}{5}{true}"));
}

}  // namespace
}  // namespace aio::test
