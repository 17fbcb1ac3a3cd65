#!/usr/bin/env python3
"""The checks in tools/ find what they are there to find."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
import check_layers  # noqa: E402
import check_output  # noqa: E402
import cpython_names  # noqa: E402
import snippets  # noqa: E402


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


class Snippets(unittest.TestCase):
    def test_blocks_with_their_kind_and_givens(self):
        page = "a\n\n<!-- given: int x = 1; -->\n```cpp fragment\nuse(x);\n```\n```sh\nls\n```\n```cpp\nint main() {}\n```\n"
        self.assertEqual(list(snippets.blocks(page)),
                         [(5, "fragment", "int x = 1;", "use(x);"), (11, "", "", "int main() {}")])


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
