#!/usr/bin/env python3
"""A program of tests/must_not_compile is refused, for the reason it names.

It holds one or more lines `// expect: REGEX`. Each must be found in what the compiler says, warnings being
errors. Where the compilers word it differently, the regex has alternatives: `deleted function|use of deleted`.
A line `// only: g\+\+` names the compilers that refuse it, when the others need not.
"""

import argparse
import functools
import pathlib
import re
import sys

import compiling

# Most of what the programs include, compiled once for all of them.
PRELUDE = "#include <aio/aio.hpp>\n#include <aio/http.hpp>\n#include <aio/multicore.hpp>\n"
ONLY = re.compile(r"//\s*only:\s*(\S+)\s*$", re.MULTILINE)
EXPECT = re.compile(r"//\s*expect:\s*(\S.*?)\s*$", re.MULTILINE)


def problem_with(compiler, file, root, prelude):
    """What is wrong with `file` as a test of a refusal, or None. `prelude` are the flags that include PRELUDE."""
    source = file.read_text(encoding="utf-8")
    only = ONLY.search(source)
    if only and not re.match(only[1], pathlib.Path(compiler).name):
        return None
    expected = EXPECT.findall(source)
    if not expected:
        return "it has no line `// expect: REGEX`"
    compiled, messages = compiling.check(compiler, f'#line 1 "{file}"\n{source}', root, "-Werror", *prelude)
    if compiled:
        return "it compiles"
    # The compilers quote the source below each message; a regex must not match the program's own comment.
    said = re.sub(r"^.*//\s*expect:.*$", "", messages, flags=re.MULTILINE)
    missing = [regex for regex in expected if not re.search(regex, said)]
    return f"no message matches {' nor '.join(missing)}; {compiler} said:\n{messages}" if missing else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    compiling.add_options(parser)
    parser.add_argument("file", nargs="+", type=pathlib.Path)
    args = compiling.parse(parser)

    with compiling.precompiled(args.compiler, PRELUDE, args.root) as preludes:
        cases = [(compiler, file) for file in args.file for compiler in args.compiler]
        checks = [functools.partial(problem_with, compiler, file, args.root, preludes[compiler])
                  for compiler, file in cases]
        problems = [f"{file}: {compiler}: {problem}"
                    for (compiler, file), problem in zip(cases, compiling.check_all(args.jobs, checks)) if problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"must_not_compile: {len(args.file)} programs, {' and '.join(args.compiler)}: {len(problems)} failures")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
