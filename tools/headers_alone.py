#!/usr/bin/env python3
"""Every public header compiles alone, without a warning, and survives being included twice.

Also without those warnings that are none of ours but that users who include it with -I may have asked for.

With --by-source, a header that a source of the library includes before anything else is not compiled alone: a build of single
sources does that, and includes.py looks for what is missing. All headers together are then compiled once with the users'
warnings.
"""

import argparse
import functools
import re
import sys

import compiling

FIRST_INCLUDE = re.compile(r"\A(?:\s*//[^\n]*\n|\s*\n)*#include <(aio/[^>]+)>")


def include_twice(compiler, header, root):
    line = f"#include <{header}>\n"
    what = f"<{header}> does not compile alone"
    return compiler, what, *compiling.check(compiler, line + line, root, "-Werror", *compiling.USERS_WARNINGS)


def include_all(compiler, headers, root):
    text = "".join(f"#include <{header}>\n" for header in headers)
    what = "the headers do not compile together"
    return compiler, what, *compiling.check(compiler, text, root, "-Werror", *compiling.USERS_WARNINGS)


def included_first(source):
    """The header that a source includes before anything else, such as aio/core/task.hpp; None without one."""
    found = FIRST_INCLUDE.search(source)
    return found and found[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by-source", action="store_true")
    compiling.add_options(parser)
    args = compiling.parse(parser)

    include = args.root / "include"
    headers = {path.relative_to(include).as_posix() for path in include.rglob("*.hpp")}
    checks = []
    if args.by_source:
        checks = [functools.partial(include_all, compiler, sorted(headers), args.root) for compiler in args.compiler]
        headers -= {included_first(path.read_text(encoding="utf-8")) for path in (args.root / "src").rglob("*.cpp")}
    headers = sorted(headers)
    checks += [functools.partial(include_twice, compiler, header, args.root)
               for compiler in args.compiler for header in headers]
    failures = 0
    for compiler, what, succeeded, messages in compiling.check_all(args.jobs, checks):
        if not succeeded:
            failures += 1
            print(f"{compiler}: {what}\n{messages}", file=sys.stderr)
    print(f"headers_alone: {len(headers)} headers, {' and '.join(args.compiler)}: {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
