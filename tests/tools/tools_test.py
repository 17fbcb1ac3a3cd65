#!/usr/bin/env python3
"""The checks in tools/ find what they are there to find."""

import fcntl
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
import check_layers  # noqa: E402
import check_output  # noqa: E402
import cpython_names  # noqa: E402
import extremes  # noqa: E402
import run_report  # noqa: E402
import snippets  # noqa: E402
import test_targets  # noqa: E402


class Layers(unittest.TestCase):
    def problems(self, **files):
        """Complaints about a tree with one file, its path spelt with __ for / and _ for the last dot."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in files.items():
                path, suffix = name.replace("__", "/").rsplit("_", 1)
                file = root / f"{path}.{suffix}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return list(check_layers.check_tree(root))

    def test_downward_is_fine(self):
        self.assertEqual(self.problems(include__aio__sync__lock_hpp="#include <aio/core/future.hpp>\n"), [])

    def test_upward_is_found_with_its_line(self):
        [problem] = self.problems(include__aio__core__task_hpp="\n#include <aio/sync/lock.hpp>\n")
        self.assertIn("include/aio/core/task.hpp:2: includes sync", problem)

    def test_private_headers_count_too(self):
        [problem] = self.problems(src__io__poll_hpp="", src__core__loop_cpp='#include "io/poll.hpp"\n')
        self.assertIn("src/core/loop.cpp:1: includes io", problem)

    def test_neighbours_do_not_meet_except_ws_and_http(self):
        self.assertEqual(self.problems(src__ws__upgrade_cpp="#include <aio/http/request.hpp>\n"), [])
        self.assertEqual(len(self.problems(src__db__pool_cpp="#include <aio/http/request.hpp>\n")), 1)

    def test_umbrella_is_for_users(self):
        self.assertEqual(len(self.problems(src__io__tcp_cpp="#include <aio/aio.hpp>\n")), 1)
        self.assertEqual(self.problems(include__aio__http_hpp="#include <aio/aio.hpp>\n"), [])

    def test_public_headers_stay_thin(self):
        self.assertEqual(len(self.problems(include__aio__core__task_hpp="#include <iostream>\n")), 1)
        self.assertEqual(self.problems(src__core__task_cpp="#include <iostream>\n"), [])


class CpythonNames(unittest.TestCase):
    def test_several_references_in_a_comment(self):
        text = "TEST(A, b) {  // CPython: test_tasks.test_cancel, test_locks.EventTests.test_event_wait\n"
        self.assertEqual(list(cpython_names.references(text)), [("test_tasks", "cancel"), ("test_locks", "event_wait")])

    def test_the_list_is_whole(self):
        groups = cpython_names.read_groups((cpython_names.TOOLS / "cpython_names.txt").read_text(encoding="utf-8"))
        self.assertEqual(sum(len(names) for _, names in groups.values()), 412)


class Extremes(unittest.TestCase):
    def numbers(self, text, bases=()):
        return list(extremes.numbers(extremes.tokens_of(text), set(bases)))

    def test_parameters_and_options_are_numbers(self):
        self.assertEqual(self.numbers("""
            namespace aio::http {
            void wait(std::optional<Duration> timeout = std::nullopt, int tries = 3);
            struct Options { std::size_t limit = 1; bool on = true; std::optional<int> port; double result; };
            }"""), ["http::wait(timeout)", "http::wait(tries)", "http::Options::limit", "http::Options::port"])

    def test_what_is_not_public_is_none(self):
        self.assertEqual(self.numbers("""
            namespace aio { namespace detail { void f(int n); struct Base { void g(int n); }; }
            class C : public detail::Base { int k = 0; public: explicit C(int m) : k(m) { int local = m; } private: void h(int n); };
            inline void C::h(int n) {} enum class E : int { a = 1 }; }""", ["Base"]), ["Base::g(n)", "C::C(m)"])

    def test_templates_and_constraints_are_no_hindrance(self):
        self.assertEqual(self.numbers("""
            namespace aio {
            template <class F, class... Args>
                requires std::invocable<std::decay_t<F>&, Args...> && requires(F& f) { f(1); }
            TimerHandle call_later(Duration delay, F&& function, Args&&... args) { return at(delay); }
            template <class T = std::pair<int, int>> class Q { public: void put(T item, long n = sizeof(T)); };
            }"""), ["call_later(delay)", "Q::put(n)"])

    def test_names_in_comments(self):
        text = "// Extremes: A::f(x), g(y),\n//     http::O::limit\n// other words(z)\n"
        self.assertEqual(list(extremes.tested_numbers(text)), ["A::f(x)", "g(y)", "http::O::limit"])


class Snippets(unittest.TestCase):
    def test_blocks_with_their_kind_and_givens(self):
        page = "a\n\n<!-- given: int x = 1; -->\n```cpp fragment\nuse(x);\n```\n```sh\nls\n```\n```cpp\nint main() {}\n```\n"
        self.assertEqual(list(snippets.blocks(page)),
                         [(5, "fragment", "int x = 1;", "use(x);"), (11, "", "", "int main() {}")])


class TestTargets(unittest.TestCase):
    def test_a_part_is_whole_words_of_a_name(self):
        chosen = re.compile(test_targets.pattern(["core", "http.client"]))
        self.assertTrue(chosen.search("core.epoll") and chosen.search("http.client.sim"))
        self.assertFalse(chosen.search("core_extra") or chosen.search("http.clients") or chosen.search("http.epoll"))

    def test_targets_are_what_commands_name_in_the_build_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder).resolve()
            (build / "CTestTestfile.cmake").write_text(
                f'add_test([=[core.epoll]=] "{build}/tests/core" "--flag")\n'
                f'add_test([==[fetch]==] "/usr/bin/python3" "/src/check.py" "{build}/tests/server" "{build}")\n',
                encoding="utf-8")
            commands = test_targets.commands(build)
            self.assertEqual(test_targets.targets(commands["core.epoll"], build), {"tests/core"})
            self.assertEqual(test_targets.targets(commands["fetch"], build), {"tests/server"})


class RunReport(unittest.TestCase):
    def test_budget_allows_a_third_more(self):
        budget = run_report.read_budget("# units\ndev build 300\n")
        times = {("dev", "build"): (1.0, 798.0), ("dev", "tests"): (1.0, 9999.0)}
        self.assertEqual(list(run_report.over_budget(times, budget, 2.0)), [])
        times = {("dev", "build"): (1.0, 804.0)}
        self.assertEqual(len(list(run_report.over_budget(times, budget, 2.0))), 1)

    def test_costs_of_one_phase_add_up(self):
        text = '{"step": "a", "phase": "b", "wall": 1, "cpu": 2}\n' * 2
        self.assertEqual(run_report.read_times(text), {("a", "b"): (2, 4)})

    def test_cases_of_googletest_and_entries_without_any(self):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder)
            (build / "results").mkdir()
            (build / "junit.xml").write_text('<testsuite><testcase name="core.sim" time="9"/>'
                                             '<testcase name="layers" time="2"/></testsuite>', encoding="utf-8")
            (build / "results" / "core.sim.json").write_text(
                '{"testsuites": [{"name": "Task", "testsuite": [{"name": "ends", "time": "0.5s"}]}]}', encoding="utf-8")
            self.assertEqual(list(run_report.slow_tests("dev", build)),
                             [(0.5, "dev", "core.sim Task.ends"), (2.0, "dev", "layers")])


class PackageLock(unittest.TestCase):
    def test_a_lock_is_reported_with_its_holder(self):
        """`package_lock` of ./run, cut out of it, finds this very process by a lock that it holds."""
        script = (pathlib.Path(__file__).resolve().parents[2] / "run").read_text(encoding="utf-8")
        function = re.search(r"^package_lock\(\) \{.*?^\}", script, re.MULTILINE | re.DOTALL)[0]
        with tempfile.NamedTemporaryFile() as lock:
            function = re.sub(r"for lock in [^;]*;", f"for lock in {lock.name};", function)
            ask = function + "\npackage_lock"
            self.assertEqual(subprocess.run(["sh", "-c", ask], capture_output=True, check=False).returncode, 1)
            fcntl.lockf(lock, fcntl.LOCK_EX)
            done = subprocess.run(["sh", "-c", ask], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"(process {os.getpid()}), which holds {lock.name}", done.stdout)


class Output(unittest.TestCase):
    def verdict(self, expected, printed):
        blocks, _ = check_output.read_expected(expected)
        return check_output.printed_as_expected(blocks, printed.splitlines())

    def test_lines_and_regexes_in_order(self):
        self.assertTrue(self.verdict("a\nre: \\d+ s\n", "a\n12 s\n"))
        self.assertFalse(self.verdict("a\nb\n", "b\na\n"))

    def test_missing_and_surplus_lines(self):
        self.assertFalse(self.verdict("a\nb\n", "a\n"))
        self.assertFalse(self.verdict("a\n", "a\nb\n"))

    def test_any_order(self):
        self.assertTrue(self.verdict("any order:\na\nre: b\\d\nin order:\nc\n", "b1\na\nc\n"))
        self.assertFalse(self.verdict("any order:\na\na\n", "a\nb\n"))


if __name__ == "__main__":
    unittest.main()
