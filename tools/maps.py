#!/usr/bin/env python3
"""Every source begins with a map.

The first lines of a .cpp below src are a comment: what is in this file, what is not here although a reader would look for
it here, and where to read on. Whether the comment is true is for people to see; this finds the files that have none.
"""

import argparse
import pathlib
import sys


def without_map(root):
    """The sources below src, relative to the root, that do not begin with a comment."""
    for file in sorted((root / "src").rglob("*.cpp")):
        if not file.read_text(encoding="utf-8").startswith(("//", "/*")):
            yield file.relative_to(root)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    found = list(without_map(parser.parse_args().root.resolve()))
    for file in found:
        print(f"{file}: does not begin with a comment that says what is in it", file=sys.stderr)
    print(f"maps: {len(found)} sources without a map")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
