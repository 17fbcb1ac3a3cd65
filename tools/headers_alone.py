#!/usr/bin/env python3
"""Every public header compiles alone, without a warning, and survives being included twice."""

import argparse
import functools
import sys

import compiling


def include_twice(compiler, header, root):
    line = f"#include <{header}>\n"
    return compiler, header, *compiling.check(compiler, line + line, root, "-Werror")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    compiling.add_options(parser)
    args = compiling.parse(parser)

    include = args.root / "include"
    headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    checks = [functools.partial(include_twice, compiler, header, args.root)
              for compiler in args.compiler for header in headers]
    failures = 0
    for compiler, header, succeeded, messages in compiling.check_all(args.jobs, checks):
        if not succeeded:
            failures += 1
            print(f"{compiler}: <{header}> does not compile alone\n{messages}", file=sys.stderr)
    print(f"headers_alone: {len(headers)} headers, {' and '.join(args.compiler)}: {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
