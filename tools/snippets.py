#!/usr/bin/env python3
"""The C++ in README.md and docs/*.md compiles.

Every ```cpp block is compiled, without linking. A word after cpp says how:

    ```cpp                   as it stands: it includes what it uses
    ```cpp declarations      at file scope, below #include <aio/aio.hpp> and using namespace std::chrono_literals
    ```cpp fragment          statements: as for declarations, and inside the body of a coroutine
    ```cpp fails             as for fragment, and it must NOT compile
    ```cpp fails-gcc         the same, looked at with g++ only

Names that a block uses but does not show are given in a comment right above it, which readers do not see:
`<!-- given: aio::Queue<int> queue; -->`. For declarations and fragments alike they go in front of the block;
several given comments add up.

The declarations and fragments of a page are compiled together, each in a namespace of its own. Where that fails, they are
compiled one by one, to find the block at fault.
"""

import argparse
import functools
import re
import sys

import compiling

PRELUDE = "#include <aio/aio.hpp>\nusing namespace std::chrono_literals;\n"
KINDS = ("", "declarations", "fragment", "fails", "fails-gcc")
TOGETHER = ("declarations", "fragment")
FENCE = re.compile(r"^```\s*cpp\b *(.*)$")
GIVEN = re.compile(r"<!--\s*given:(.*?)-->", re.DOTALL)
INCLUDE = re.compile(r"^\s*#include\b.*$", re.MULTILINE)
# A fragment may show unused results and variables, which is what these silence; nothing else is.
LENIENT = ("-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-unused-parameter",
           "-Wno-unused-function",
           # #line makes g++ take a block for a header; clang does not know the option
           "-Wno-subobject-linkage", "-Wno-unknown-warning-option")


def blocks(text):
    """Yields (line of the first code line, kind, given declarations, code) for each ```cpp block of a page."""
    lines = text.splitlines()
    prose_from = number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if not fence:
            # Another language's block: skip it whole, so that its content is never taken for a fence.
            if lines[number].startswith("```"):
                number = closing_fence(lines, number)
                prose_from = number + 1
            number += 1
            continue
        end = closing_fence(lines, number)
        given = directly_above(lines[prose_from:number])
        yield number + 2, fence[1].strip(), given, "\n".join(lines[number + 1:end])
        prose_from = number = end + 1


def closing_fence(lines, opening):
    for number in range(opening + 1, len(lines)):
        if lines[number].startswith("```"):
            return number
    raise SystemExit(f"line {opening + 1}: a ``` block is never closed")


def directly_above(prose):
    """The contents of the given comments that end the prose before a block."""
    found = []
    text = "\n".join(prose).rstrip()
    while text.endswith("-->"):
        start = text.rfind("<!--")
        match = GIVEN.fullmatch(text[start:])
        if not match:
            break
        found.insert(0, match[1].strip())
        text = text[:start].rstrip()
    return "\n".join(found)


def translation_unit(page, line, kind, given, code):
    code = f'#line {line} "{page}"\n{code}\n'
    if kind in ("", "declarations"):
        return f"{given}\n{code}"
    return f"aio::Coro<> snippet() {{\n{given}\n{code}co_return;\n}}\n"


def check_block(compiler, root, prelude, page, line, kind, given, code):
    """Returns what is wrong with a block, or None. `prelude` are the flags that include PRELUDE."""
    if kind == "fails-gcc" and "clang" in compiler:
        return None
    source = translation_unit(page, line, kind, given, code)
    included = prelude if kind else []
    compiled, messages = compiling.check(compiler, source, root, "-Werror", *LENIENT, *included)
    if kind.startswith("fails"):
        return f"{page}:{line}: {compiler} compiles this block, marked {kind}" if compiled else None
    return None if compiled else f"{page}:{line}: {compiler} refuses this block\n{messages}"


def check_blocks(compiler, root, prelude, page, of_page):
    """What is wrong with blocks of a page, which are compiled together if there are several."""
    includes, together = [], []
    for line, kind, given, code in of_page:  # includes do not go into a namespace
        includes += INCLUDE.findall(given) + INCLUDE.findall(code)
        together.append(f"namespace block_{line} {{\n"
                        f"{translation_unit(page, line, kind, INCLUDE.sub('', given), INCLUDE.sub('', code))}\n}}\n")
    if len(of_page) > 1:
        compiled, _ = compiling.check(compiler, "\n".join(includes + together), root, "-Werror", *LENIENT, *prelude)
        if compiled:
            return []
    return list(filter(None, (check_block(compiler, root, prelude, page, *block) for block in of_page)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    compiling.add_options(parser)
    args = compiling.parse(parser)

    found = []
    for file in [args.root / "README.md", *sorted((args.root / "docs").glob("*.md"))]:
        if file.is_file():
            page = file.relative_to(args.root).as_posix()
            found += [(page, *block) for block in blocks(file.read_text(encoding="utf-8"))]
    problems = [f"{page}:{line}: unknown kind of block: cpp {kind}" for page, line, kind, *_ in found
                if kind not in KINDS]
    joined = {page: [block for of, *block in found if of == page and block[1] in TOGETHER] for page, *_ in found}
    groups = [*joined.items(), *((page, [block]) for page, *block in found if block[1] in set(KINDS) - set(TOGETHER))]
    with compiling.precompiled(args.compiler, PRELUDE, args.root) as preludes:
        checks = [functools.partial(check_blocks, compiler, args.root, preludes[compiler], *group)
                  for compiler in args.compiler for group in groups]
        for found_there in compiling.check_all(args.jobs, checks):
            problems += found_there
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"snippets: {len(found)} blocks, {' and '.join(args.compiler)}: {len(problems)} failures")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
