#!/usr/bin/env python3
"""The documentation is spelt correctly.

Checked are README.md, CONTRIBUTING.md, CHANGELOG.md, docs/*.md, each README.md below src and tests, bench/README.md, and
the `//` comments of include/aio. A word is correct if aspell's English dictionary, American or British, or docs/words.txt
contains it. Names of errors and signals (EAGAIN, SIGINT) are correct too.

The following is not prose and is not checked:
  - blocks of code, fenced or indented by four blanks below an empty line; `code`; HTML; URLs and the targets of links;
  - names that contain an underscore, a digit, `::` or a capital behind the first letter (acronyms are checked), and names
    directly before a bracket (`close()`, `Task<T>`);
  - paths, file names, members and options: `src/io`, `a.cpp`, `.ssl`, `-g1`; and numbers with their units.

docs/words.txt contains the project's own words, sorted, one per line: names and technical terms. A word in lower case is
correct with capitals too; a word with capitals is correct only as written there. Of a word with hyphens (pkg-config) the
parts alone stay incorrect.
"""

import argparse
import collections
import errno
import pathlib
import re
import signal
import subprocess
import sys

import extremes

SKIPPED = 77  # ctest's SKIP_RETURN_CODE

PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "src/**/README.md", "tests/**/README.md",
         "bench/README.md")
HEADERS = "include/aio/**/*.hpp"
WORDS = "docs/words.txt"

# What may span lines. Inline code ends with its paragraph at the latest.
FENCE = r"^[ >]*(?P<fence>```+|~~~+)[^\n]*\n.*?(?:^[ >]*(?P=fence)[ ]*$|\Z)"
INDENTED = r"(?:(?<=\n\n)|\A)(?:[ ]{4}[^\n]*(?:\n|\Z)|[ ]*\n(?=\n*[ ]{4}))+"
CODE = r"(?P<ticks>`+)(?:(?!\n[ ]*\n)[^`]|(?!(?P=ticks))`)+(?P=ticks)"
TARGET = r"(?<=\])\([^()\s]*\)|^\[[^\]\n]+\]:[^\n]*"
BLOCKS = re.compile(rf"{FENCE}|{INDENTED}|<!--.*?-->|{CODE}|{TARGET}", re.MULTILINE | re.DOTALL)

NAMES = re.compile(r"""
      \w[\w+.-]*://[^\s)>\]]*                        # URLs
    | \w+<[^<>\s]*> | </?[A-Za-z][^<>\n]*> | &\w+;   # templates, HTML, headers
    | "[^\s"]*[^\w\s".,;:!?'-][^\s"]*"               # literals: "rb+"
    | (?<![\w-])--?[A-Za-z][\w-]*                    # options
    | [$@#~%\\][A-Za-z]\w* | U\+\w+                  # variables, directives, formats, escapes
    | [\w.*~-]*(?:/[\w.*-]*[\w*])+/?                 # paths
    | (?:\w+|\.|->|::)(?:(?:\.|->|::|--)~?\w+)+      # file names, members, qualified names
    | (?<!\w)(?:\.|->|::)[A-Za-z]\w*                 # .member
    | \w+\((?![ ])[^()\s]*\)?                        # calls
    | \b\w-\w+                                       # c-ares, n-th
    | (?:\w+-)*\w*[\d_]\w*                           # names and numbers
    | \b(?![A-Z]+s?\b)[A-Za-z]+[A-Z][A-Za-z]*        # CamelCase
    """, re.VERBOSE)
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def blank(match):
    """Replaces a block by its newlines: the lines after it keep their numbers."""
    return " " + "\n" * match[0].count("\n")


def comments(text):
    """The `//` comments of a header, each in its own line."""
    lines = [""] * (text.count("\n") + 1)
    for match in extremes.NOISE.finditer(text):
        if match[0].startswith("//"):
            lines[text.count("\n", 0, match.start())] = match[0][2:].removeprefix(" ")
    return "\n".join(lines)


def words(text):
    """(line, word) of the prose in a page, or in the comments() of a header."""
    for number, line in enumerate(BLOCKS.sub(blank, text).split("\n"), 1):
        for match in WORD.finditer(NAMES.sub(" ", line)):
            word = re.sub("'s?$", "", match[0].replace("’", "'"))
            yield number, re.sub("^([A-Z]{2,})s$", r"\1", word)


def words_of_tree(root):
    """{word: ["file:line", ...]} of the documentation."""
    found = collections.defaultdict(list)
    for file in sorted({*(page for pattern in PAGES for page in root.glob(pattern)), *root.glob(HEADERS)}):
        text = file.read_text(encoding="utf-8")
        for number, word in words(comments(text) if file.suffix == ".hpp" else text):
            found[word].append((file.relative_to(root).as_posix(), number))
    return found


def unknown_parts(words, known):
    """{part: [word, ...]} of the words that `known` does not contain; a word with hyphens has several parts."""
    parts = collections.defaultdict(list)
    for word in words:
        if not known & {word, word.lower()}:
            for part in word.split("-"):
                if not known & {part, part.lower()}:
                    parts[part].append(word)
    return parts


def misspelt(words):
    """Those of the words that aspell does not know, or None if there is no aspell with an English dictionary."""
    # A personal dictionary must not decide: $HOME is one without it.
    command = ["aspell", "list", "--lang=en", "--encoding=utf-8", "--mode=none", "--home-dir=/nonexistent"]
    try:
        run = subprocess.run(command, input="\n".join(sorted(words)), capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        return None
    if "No word lists can be found" in run.stderr:
        return None
    if run.returncode != 0:
        sys.exit(f"spelling: aspell failed: {run.stderr.strip()}")
    return set(run.stdout.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    own = (root / WORDS).read_text(encoding="utf-8").splitlines()
    problems = [f"{WORDS}: {word!r} is not in order, or twice" for last, word in zip(own, own[1:])
                if (last.lower(), last) >= (word.lower(), word)]
    found = words_of_tree(root)
    parts = unknown_parts(found, {*own, *errno.errorcode.values(), *signal.Signals.__members__})
    unknown = misspelt(parts)
    if unknown is None:
        print("spelling: skipped, because aspell or its English dictionary (aspell-en) is not installed")
        return SKIPPED
    places = sorted({(*place, part) for part in unknown for word in parts[part] for place in found[word]})
    problems += [f"{file}:{number}: {part}" for file, number, part in places]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"spelling: {len(problems)} problems" + (f"; names and technical terms belong in {WORDS}" if problems else ""))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
