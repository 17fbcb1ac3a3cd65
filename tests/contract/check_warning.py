#!/usr/bin/env python3
"""check_warning.py [--compiler CXX] FILE CODE WORD: CODE's line draws a warning that says WORD, and no other does.

CODE is a regex that matches exactly one line of FILE as a whole, apart from its indentation.
"""

import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import compiling  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    compiling.add_options(parser)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("code")
    parser.add_argument("word")
    args = compiling.parse(parser)

    source = args.file.read_text(encoding="utf-8")
    [line] = [number for number, text in enumerate(source.splitlines(), 1)
              if re.fullmatch(args.code, text.strip())]
    problems = 0
    for compiler in args.compiler:
        compiled, messages = compiling.check(compiler, f'#line 1 "{args.file}"\n{source}', args.root)
        warnings = re.findall(r"^(?:.*?):(\d+):\d+: warning: (.*)$", messages, re.MULTILINE)
        as_expected = [(int(where) == line and args.word in text) for where, text in warnings]
        if not compiled or not as_expected or not all(as_expected):
            problems += 1
            print(f"{compiler}: expected one warning with {args.word!r} at line {line}, got:\n{messages}",
                  file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
