#!/usr/bin/env python3
"""The checks in tools/ find what they are there to find."""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
import check_layers  # noqa: E402
import check_output  # noqa: E402
import compiling  # noqa: E402
import documented  # noqa: E402
import extremes  # noqa: E402
import includes  # noqa: E402
import maps  # noqa: E402
import names_of_tests  # noqa: E402
import run_report  # noqa: E402
import snippets  # noqa: E402
import spelling  # noqa: E402
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
        self.assertEqual(self.problems(src__ws__upgrade_cpp="#include <aio/http/server/request.hpp>\n"), [])
        self.assertEqual(len(self.problems(src__db__pool_cpp="#include <aio/http/server/request.hpp>\n")), 1)

    def test_rooms_have_ranks_too(self):
        names = {"src__io__names__dns_cpp": "", "src__io__names__resolve_hpp": "", "include__aio__io__dns_hpp": ""}
        self.assertEqual(self.problems(src__io__stream__open_cpp="#include <aio/io/dns.hpp>\n", **names), [])
        for include in ("<aio/io/dns.hpp>", '"io/names/resolve.hpp"'):
            [problem] = self.problems(src__io__address__address_cpp=f"#include {include}\n", **names)
            self.assertIn("io/names, which is not below io/address", problem)
        [problem] = self.problems(src__io__cellar__wine_cpp='#include "io/names/resolve.hpp"\n', **names)
        self.assertIn("the unknown room io/cellar", problem)

    def test_a_header_has_one_source_in_its_place(self):
        self.assertEqual(self.problems(include__aio__io__dns_hpp="", src__io__names__dns_cpp=""), [])
        self.assertEqual(len(self.problems(include__aio__io__dns_hpp="", src__io__names__dns_cpp="", src__io__dns_cpp="")), 1)
        self.assertEqual(len(self.problems(include__aio__http__client__pool_hpp="", src__http__pool_cpp="")), 1)

    def test_libraries_belong_to_layers(self):
        self.assertEqual(self.problems(src__io__tls__a_cpp="#include <openssl/ssl.h>\n"), [])
        self.assertEqual(len(self.problems(src__base__a_cpp="#include <openssl/ssl.h>\n")), 1)

    def test_what_speaks_bytes_sees_values_only(self):
        self.assertEqual(self.problems(src__http__wire__a_cpp="#include <aio/http/url.hpp>\n"), [])
        self.assertEqual(len(self.problems(src__http__wire__a_cpp="#include <aio/http/server/request.hpp>\n")), 1)
        self.assertEqual(len(self.problems(src__http__wire__a_cpp="#include <aio/core/coro.hpp>\n")), 1)
        names = {"src__db__pg__wire__b_hpp": "", "src__db__pg__codec__c_hpp": ""}
        self.assertEqual(self.problems(src__db__pg__wire__a_cpp='#include "db/pg/wire/b.hpp"\n', **names), [])
        for include in ('"db/pg/codec/c.hpp"', "<aio/pg/types.hpp>", "<aio/io/tcp.hpp>"):
            self.assertEqual(len(self.problems(src__db__pg__wire__a_cpp=f"#include {include}\n", **names)), 1, include)

    def test_rooms_may_be_two_folders_deep(self):
        names = {"src__db__pg__wire__b_hpp": "", "src__db__row_hpp": ""}
        self.assertEqual(self.problems(src__db__pg__a_cpp='#include "db/pg/wire/b.hpp"\n', **names), [])
        self.assertEqual(self.problems(src__db__pg__codec__a_cpp='#include "db/row.hpp"\n', **names), [])
        [problem] = self.problems(src__db__pg__codec__a_cpp='#include "db/pg/wire/b.hpp"\n', **names)
        self.assertIn("db/pg/wire, which is not below db/pg/codec", problem)

    def test_drivers_belong_to_their_layer(self):
        self.assertEqual(self.problems(include__aio__pg__a_hpp="#include <aio/db/row.hpp>\n"), [])
        self.assertEqual(len(self.problems(include__aio__pg__a_hpp="#include <aio/http/url.hpp>\n")), 1)

    def test_umbrella_is_for_users(self):
        self.assertEqual(len(self.problems(src__io__tcp_cpp="#include <aio/aio.hpp>\n")), 1)
        self.assertEqual(self.problems(include__aio__http_hpp="#include <aio/aio.hpp>\n"), [])

    def test_public_headers_stay_thin(self):
        self.assertEqual(len(self.problems(include__aio__core__task_hpp="#include <iostream>\n")), 1)
        self.assertEqual(self.problems(src__core__task_cpp="#include <iostream>\n"), [])


class Includes(unittest.TestCase):
    TREE = {
        "include/aio/task.hpp": "#include <string>\nnamespace aio {\nclass Task { public: std::string name(); };\n"
                                "void sleep(int n);\n}\n",
        "include/aio/fwd.hpp": "namespace aio { class Task; }\n",
        "src/queue.hpp": "#pragma once\n#define AIO_LIMIT 1\nnamespace aio::detail { inline constexpr int kMost = 1; }\n",
    }

    def findings(self, text, **others):
        """The findings in TREE with this text as src/it.cpp, and with other sources next to it."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            files = {**self.TREE, "src/it.cpp": text, **{f"src/{name}.cpp": other for name, other in others.items()}}
            for name, content in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content, encoding="utf-8")
            return list(includes.findings(root))

    def test_a_forgotten_header_of_the_project_is_found_with_the_line(self):
        code = "namespace aio {\nTask f() {\n sleep(1); return AIO_LIMIT < detail::kMost; }\n}\n"
        self.assertEqual(self.findings(code), [
            "src/it.cpp:2: uses Task, which include/aio/task.hpp declares",
            "src/it.cpp:3: uses sleep, which include/aio/task.hpp declares",
            "src/it.cpp:3: uses AIO_LIMIT, which src/queue.hpp declares",
            "src/it.cpp:3: uses kMost, which src/queue.hpp declares"])
        self.assertEqual(self.findings('#include <aio/task.hpp>\n#include "queue.hpp"\n' + code), [])

    def test_a_header_may_come_through_another(self):
        self.assertEqual(self.findings("#include <aio/task.hpp>\nstd::string s = aio::Task().name();\n"), [])

    def test_a_forgotten_standard_header_is_found(self):
        code = "std::string f() { return {::getpid(), EINTR, std::ranges::find(a, 1)}; }\n"
        self.assertEqual(self.findings("#include <string_view>\n" + code), [
            "src/it.cpp:2: uses std::string, which <string> declares",
            "src/it.cpp:2: uses ::getpid, which <unistd.h> declares",
            "src/it.cpp:2: uses EINTR, which <cerrno> declares",
            "src/it.cpp:2: uses std::find, which <algorithm> declares"])
        headers = "#include <string>\n#include <unistd.h>\n#include <errno.h>\n#include <algorithm>\n"
        self.assertEqual(self.findings(headers + code), [])

    def test_what_the_standard_promises_need_not_be_included(self):
        self.assertEqual(self.findings("#include <iostream>\nvoid f(std::ostream&, std::size_t);\n"), [])
        self.assertEqual(self.findings("#include <vector>\nauto f() { return std::move(std::begin(g)); }\n"), [])

    def test_a_forward_declaration_suffices_for_a_name_only(self):
        self.assertEqual(self.findings("#include <aio/fwd.hpp>\nvoid f(aio::Task&, aio::Task*);\n"), [])
        for code in ("int n = aio::Task::kCount;", "auto task = aio::Task(1);", "aio::Task task;",
                     "struct A : public aio::Task {};"):
            self.assertEqual(self.findings(f"#include <aio/fwd.hpp>\n{code}\n"),
                             ["src/it.cpp:2: needs the definition of Task, which include/aio/task.hpp has"], code)

    def test_other_things_of_the_same_name_are_none(self):
        for code in ("x.sleep(1); y->Task(); Other::sleep(2); Other<int>::Task();",  # members
                     "struct Task {}; Task a;", "enum class Kind { Task }; Kind kind{Task};",
                     "template <class Task> Task f(Task&);", "using testing::Task; Task a;", "int sleep; int Tasks;",
                     "auto sleep = [] {}; sleep(1);", "auto [sleep, b] = c; sleep(1);", "void f(F& sleep) { sleep(1); }",
                     "#include <gtest/gtest.h>\nTEST(Task, sleep) {}",
                     "// Task\n/* sleep(1) */ f(\"Task\", R\"(sleep(1) \" Task)\", '\\'');"):
            self.assertEqual(self.findings(code), [], code)

    def test_a_neighbour_in_the_folder_does_not_help(self):
        other = "#include <filesystem>\nnamespace fs = std::filesystem;\nint helper(int);\n"
        self.assertEqual(self.findings("void f() { helper(fs::path()); }\n", other=other), [
            "src/it.cpp:1: uses helper, which src/other.cpp declares",
            "src/it.cpp:1: uses fs, which src/other.cpp declares"])

    def test_generated_headers_leave_doubt(self):
        self.assertEqual(self.findings('#include "generated.hpp"\naio::Task f();\n'), [])


class Maps(unittest.TestCase):
    def test_sources_begin_with_a_comment(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "src" / "core").mkdir(parents=True)
            for name, text in {"a.cpp": "// What is here.\n#include <a.hpp>\n", "b.cpp": "#include <b.hpp>  // no map\n",
                               "c.cpp": "\n// Too late.\n", "d.cpp": "", "e.hpp": "#pragma once\n"}.items():
                (root / "src" / "core" / name).write_text(text, encoding="utf-8")
            self.assertEqual([file.as_posix() for file in maps.without_map(root)],
                             ["src/core/b.cpp", "src/core/c.cpp", "src/core/d.cpp"])


class Spelling(unittest.TestCase):
    def words(self, text):
        return " ".join(word for _, word in spelling.words(text))

    def test_words_have_their_lines(self):
        page = "# One\n\n```cpp\nco_return nothing;\n```\ntwo `code\ncode` three\n<!-- given:\nint x; -->\nfour\n"
        self.assertEqual(list(spelling.words(page)), [(1, "One"), (6, "two"), (7, "three"), (10, "four")])

    def test_code_is_left_out(self):
        self.assertEqual(self.words("so:\n\n    auto x = y;\n\n    ++x;\n\nand\n    so on"), "so and so on")
        self.assertEqual(self.words("a ```` ```cpp ```` fence, `` ` `` and ``a``"), "a fence and")
        self.assertEqual(self.words("a lone ` ends\n\nwith its ` paragraph"), "a lone ends with its paragraph")

    def test_links_keep_their_text(self):
        self.assertEqual(self.words("see [the guide](docs/guide.md) (there), <https://a.example/b?c=d> or http://xyz.\n"),
                         "see the guide there or")
        self.assertEqual(self.words("[this][1]\n\n[1]: abc.html\n"), "this")

    def test_names_are_left_out(self):
        for name in ("snake_case", "trailing_", "CamelCase", "kConstant", "http2", "10ms", "20", "std::move", "::poll",
                     "close()", "gather(a,", "sleep(abcd)", "Coro<T>", "<vector>", "src/io", "~/.netrc", "/etc/hosts", "a.cpp",
                     ".ssl", "p->next", "-g1", "--quick", "$HOME", "#pragma", "%Tf", "\\ntask", "n-th", "UTF-8", '"rb+"'):
            self.assertEqual(self.words(f"the {name} here"), "the here", name)

    def test_prose_is_kept(self):
        self.assertEqual(self.words("The loop's TLS and URLs; users' don't, a well-known (if any) < or > — it “ends”."),
                         "The loop TLS and URL users don't a well-known if any or it ends")

    def test_comments_of_headers(self):
        header = '// One.\n#include <a.hpp>\n//     text = "code";\nconst char* url = "http://host";  // two\n/// three\n'
        self.assertEqual(list(spelling.words(spelling.comments(header))),
                         [(1, "One"), (4, "two"), (5, "three")])

    def test_the_own_words(self):
        known = {"epoll", "TLS", "pkg-config"}
        self.assertEqual(dict(spelling.unknown_parts(["Epoll", "TLS", "tls", "pkg-config", "epoll-config"], known)),
                         {"tls": ["tls"], "config": ["epoll-config"]})

    def test_is_skipped_without_aspell(self):
        run = subprocess.run([sys.executable, spelling.__file__], env={"PATH": "/nonexistent"}, stdout=subprocess.PIPE,
                             text=True)
        self.assertEqual(run.returncode, 77)
        self.assertIn("not installed", run.stdout)


class NamesOfTests(unittest.TestCase):
    def groups_of(self, project):
        path = names_of_tests.TOOLS / f"{project}_names.txt"
        return names_of_tests.read_groups(path.read_text(encoding="utf-8"))

    def test_several_references_in_a_comment(self):
        text = "TEST(A, b) {  // CPython: test_tasks.test_cancel, test_locks.EventTests.test_event_wait\n"
        self.assertEqual(list(names_of_tests.references(text, "CPython")),
                         [("test_tasks", "cancel"), ("test_locks", "event_wait")])
        self.assertEqual(list(names_of_tests.references(text, "asyncpg")), [])

    def test_the_lists_are_whole(self):
        for project, size in (("cpython", 412), ("asyncpg", 307)):
            names = [name for group in self.groups_of(project).values() for name in group.names]
            self.assertEqual(len(names), size, project)
        self.assertEqual(len({(name, each) for name, group in self.groups_of("asyncpg").items()
                              for each in group.names}), 307)

    def test_exceptions_have_a_reason(self):
        groups = names_of_tests.read_groups("# asyncpg\n\n[pool] test_pool\na b c d\nno e f: Python\nnot yet g: later\n")
        named = {("test_pool", name) for name in "abe"} | {("test_other", "c")}
        self.assertEqual(groups["pool"].sort(named), (["a", "b", "e"], {"no": ["f"], "not yet": ["g"]}, ["c", "d"], ["e"]))
        with self.assertRaises(ValueError):
            names_of_tests.read_groups("[pool] test_pool\nno e:\n")

    def test_fails_for_a_name_without_a_test_and_for_an_unknown_one(self):
        with tempfile.TemporaryDirectory() as root:
            tests = pathlib.Path(root) / "tests"
            tests.mkdir()
            (tests / "a_test.cpp").write_text("// asyncpg: test_pool.test_pool_03, test_pool.test_pool_99\n")
            run = subprocess.run([sys.executable, names_of_tests.__file__, "asyncpg", "--require", "logging",
                                  "--whole", "--root", root], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, "error: the required group logging lacks names\n"
                                     "error: test_pool.test_pool_99 is not in the list\n")
        self.assertIn("no: copy_from_query_to_path_like", run.stdout)


class Documented(unittest.TestCase):
    def found(self, text, bases=()):
        header = documented.Header(text)
        tokens = [documented.BRACE, *header.tokens, documented.BRACE]
        return {each.name: each.how for each in documented.declarations(header, tokens, set(bases))}

    def test_comments_above_behind_and_of_a_group(self):
        self.assertEqual(self.found("""
            namespace aio {
            // Has words.
            template <class T>
                requires requires(T t) { t.f(); }
            class [[nodiscard]] A final : public B {
            public:
                explicit A(int n) : n_{n} {}

                // Of both.
                void f() const;
                int g() { return 1; }

                int h();  // behind it
                // --- a heading
                int i();
            };
            using C = int;
            }"""), {"A": "own", "A::A": None, "A::f": "own", "A::g": "group", "A::h": "trailing", "A::i": None, "C": None})

    def test_what_a_comment_could_only_repeat(self):
        self.assertEqual(self.found("""
            namespace aio { struct A; namespace detail { void f(); class Base { public: void g(); }; }
            class A : public detail::Base {
            public: A() = default; A(const A& other); A(A&&) noexcept; ~A(); bool operator==(const A&) const; friend class B;
                using value_type = int; int operator()(int); private: int n; };
            template <> struct hash<A> { int size(); };
            // Declared.
            template <class T> T make(int n = 1);
            void make(long n);

            template <class T> T make(int n) { return T(n); }
            }""", ["Base"]), {"Base": None, "Base::g": None, "A": None, "A::operator ( )": None, "make": "own"})

    def test_definitions_of_nested_classes_and_data(self):
        self.assertEqual(self.found("""
            namespace aio::http {
            inline constexpr std::size_t kLimit = std::size_t{1} << 30;  // bytes
            class Reader::Pieces { public: void next(); };
            struct Options { std::size_t limit = std::size_t{1} << 30; std::vector<int> all = {}; int list[2] = {1, 2}; };
            }"""), {"http::kLimit": "trailing", "http::Reader::Pieces": None, "http::Reader::Pieces::next": None,
                     "http::Options": None, "http::Options::limit": None, "http::Options::all": None,
                     "http::Options::list": None})


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


class Compiling(unittest.TestCase):
    @unittest.skipUnless(shutil.which("g++"), "there is no g++")
    def test_a_compiler_may_be_named_by_its_path(self):
        with tempfile.TemporaryDirectory() as folder:
            flags = compiling.precompile(shutil.which("g++"), "struct S;\n", compiling.ROOT, pathlib.Path(folder))
            self.assertEqual(flags, ["-include", f"{folder}/g++.hpp"])
            self.assertTrue((pathlib.Path(folder) / "g++.hpp.gch").is_file())


class RunReport(unittest.TestCase):
    def test_budget_allows_a_third_more(self):
        budget = run_report.read_budget("# units\ndev build 300\n")
        times = {("dev", "build"): (1.0, 798.0), ("dev", "tests"): (1.0, 9999.0)}
        self.assertEqual(list(run_report.over_budget(times, budget, 2.0)), [])
        times = {("dev", "build"): (1.0, 804.0)}
        self.assertEqual(len(list(run_report.over_budget(times, budget, 2.0))), 1)

    def test_costs_of_one_phase_add_up(self):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder)
            (build / "times").write_text('{"step": "a", "phase": "b", "wall": 1, "cpu": 2}\n' * 2, encoding="utf-8")
            self.assertEqual(run_report.read_times(build), {("a", "b"): (2, 4)})

    def test_what_was_built_ahead_costs_processors_and_no_time(self):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder)
            (build / "times").write_text('{"step": "a", "phase": "build", "wall": 1, "cpu": 2}\n', encoding="utf-8")
            (build / "times.ahead").write_text('{"step": "a", "phase": "build", "wall": 9, "cpu": 7}\n'
                                               '{"step": "never waited for", "phase": "build", "wall": 1, "cpu": 1}\n',
                                               encoding="utf-8")
            self.assertEqual(run_report.read_times(build), {("a", "build"): (1, 9)})

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
