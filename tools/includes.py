#!/usr/bin/env python3
"""Every source and header includes, directly or through headers of the project, the names that it uses.

CI compiles several sources as one, where a file that forgets an #include finds the name in its neighbour. Users compile each
source alone, which then fails. This check only reads the text. It reports
  - a name of the project (type, constant, macro, function, alias of a namespace) that is declared elsewhere, but not in the
    closure of the file: the file and all project files that it includes. A class that the closure only declares
    (`class X;`) may be named, but not constructed (`X(`, `X{`, `X name;`), derived from, or searched for members (`X::`);
  - a name of another library, if no header of the closure is bound to declare it. includes.txt lists names and headers.

Doubtful names are not reported: names behind `.` and `->`; names in lower case that are neither called nor qualified; and
unqualified names that the closure introduces as anything, such as a member or a parameter; nor files with generated headers.
"""

import argparse
import collections
import functools
import os
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).resolve().with_suffix(".txt")
FOLDERS = ("include", "src", "tests", "bench", "examples")  # also where an #include may start
LEFT_OUT = re.compile(r"tests/(must_not_compile|fuzz/corpus)/|bench/rivals/")  # the rivals use other libraries

# Comments, literals, attributes and directives. A macro needs the names in its body where it is used, not here.
NOISE = re.compile(r"""
      //[^\n]* | /\*.*?\*/ | \[\[.*?\]\] | \balignas\([^()]*\)
    | R"(?P<mark>[^\s(]*)\(.*?\)(?P=mark)" | "(?:[^"\\\n]|\\.)*" | (?<!\w)'(?:[^'\\\n]|\\.)+'
    | ^[ \t]*\#[ \t]*include[ \t]*(?P<header>[<"][^">\n]+)[">]
    | ^[ \t]*\#[ \t]*(?P<define>define\ \w+)?(?:[^\n]*\\\n)*[^\n]*
    """, re.MULTILINE | re.DOTALL | re.VERBOSE)
NAMESPACE = re.compile(r"\bnamespace\s+([\w:]+)\s*\{")

# A name with its qualifiers, and whether it is called, constructed, given arguments or asked for a member.
USE = re.compile(r"(?P<member>\.\s*|->\s*|(?<=[>)])::)?(?<!\w)(?<!TEST\()(?<!TEST_\()"  # `TEST(Group, name)`
                 r"(?P<name>(?:::)?[A-Za-z_]\w*(?:::~?[A-Za-z_]\w*)*)(?=(?P<behind>[({<.]|\ \{)?)")
OPENED = re.compile(r"\busing namespace (?!std::\w*literals)(\w+)")
# The surroundings of a class that must be complete: `public Base`, `make_shared<Type>`, `Type name;`.
COMPLETE_BEFORE = re.compile(r"\b(?:public |private |protected |make_shared<|make_unique<|keep<)$")
COMPLETE_BEHIND = re.compile(r" \w+(?:;|\{| = )")

# Words that do not introduce the name behind them.
WORDS = ("return|co_return|co_await|co_yield|throw|else|case|not|and|or|new|delete|do|goto|operator|const|static|inline|"
         "constexpr|consteval|constinit|explicit|virtual|public|private|protected|mutable|extern|volatile|friend|template|"
         "typedef|noexcept|requires|thread_local|final|override|if|while|decltype|sizeof")
# A word and the name that it introduces. The layout distinguishes `Type& name` from `a & name`.
INTRODUCTION = re.compile(rf"(?:\b(?!(?:{WORDS})\b)([A-Za-z_]\w*)|[\w)\]<]>|\(auto\))(?:[&*>]|\.\.\.)*\s+"
                          r"(?=([A-Za-z_]\w*(?:::\w+)*)(\s*[;,>=])?)")
# `name = `, `auto [name, name]`, `(*name)(`, `} name;`, `enum {name, name}`
VARIABLE = re.compile(r"\b([a-z_]\w*)\s*=(?!=)|\bauto[&\s]*\[([\w\s,]+)\]|\*(\w+)\)\(|\} (\w+)[({;]|"
                      r"\benum\b[^{};()]*\{([^{}]*)\}")
USING = re.compile(r"\busing (\w+::[\w:,\s]+);")
# Declarations in the result of at_namespace_scope.
DECLARATION = re.compile(rf"""
      \b(?:class|struct|union)\s+(?:[A-Z_]+\s+)?(\w+)(?:<[^;@]*>)?(?:\s+final)?\s*(?::[^:;@][^;@]*)?@
    | \benum(?:\ class|\ struct)?\s+(\w+)\s*(?::[^;@]*)?[;@]
    | \b(?:concept|using|namespace)\s+(\w+)\s*=
    | \bdefine\ (\w+)
    | \b(?:constexpr|constinit|extern|inline)\b[^;@$=]*?[\w>\]][&*]*\s+(\w+)\s*[=;@\[]
    | (?:\b(?!(?:{WORDS})\b)\w+|[>$])[&*>]*\s+(?!(?:{WORDS})\b)(\w+)\$
    """, re.VERBOSE)


def without_noise(text):
    """(the code, the headers that it includes, each behind its `<` or `"`)"""
    headers = []

    def cut(match):
        headers.extend(filter(None, [match["header"]]))
        return (match["define"] or ('""' if match[0][0] in "\"'R" else " ")) + "\n" * match[0].count("\n")

    return NOISE.sub(cut, text), headers


def at_namespace_scope(code):
    """The code with `@` for each pair of braces but those of namespaces, and with `$` for each pair of parentheses."""
    text, found = re.sub(r'\b(?:namespace\b[^={};()]*|extern ""\s*)\{', ";", code), 1
    while found:
        text, found = re.subn(r"\{[^{}]*\}|\([^()]*\)", lambda match: "@" if match[0][0] == "{" else "$", text)
    return text


def introductions(code, namespaces):
    """(the names that the code introduces, the classes that it only declares)"""
    introduced, forward = set(), set()
    for word, name, end in INTRODUCTION.findall(code):
        *around, name = name.split("::")
        if word in ("class", "struct", "union") and end.endswith(";"):
            forward.add(name)
        elif word and not (word == "using" and around) or name[0].islower() or end:  # `template <class T> Type f()` does not
            introduced.add(name)
    for names in USING.findall(code):  # `using testing::Pair;` introduces a name, `using aio::sleep;` uses one
        introduced.update(name.split("::")[-1] for name in names.split(", ") if name.split("::")[0] not in namespaces)
    for groups in VARIABLE.findall(code):
        introduced.update(re.findall(r"\w+", " ".join(groups)))
    return introduced, forward


def uses(code, namespaces):
    """({(name that may be the project's, whether it is qualified): [its position, one where the class must be complete]},
    {name that may be another library's: its position})"""
    ours, foreign, foreign_opened = {}, {}, not namespaces.issuperset(OPENED.findall(code))
    for match in USE.finditer(code):
        at, parts, behind = match.start("name"), match["name"].split("::"), match["behind"] or ""
        if match["member"]:
            continue
        if parts[0] == "" and (parts[1] in namespaces or len(parts) > 2):
            parts = parts[1:]
        if parts[:2] == ["std", "ranges"] and len(parts) > 2:
            del parts[1]
        foreign.setdefault("::".join(parts[:2]), at)
        qualified = parts[0] in namespaces
        while len(parts) > 1 and parts[0] in namespaces:
            parts = parts[1:]
        name, capital = parts[0], parts[0].lstrip("k")[:1].isupper()
        sure = qualified or len(parts) > 1 or not foreign_opened and (capital or behind in ("(", "<", "."))
        if not sure or name in namespaces or name in ("", "std"):
            continue
        use = ours.setdefault((name, qualified), [at, None])
        if use[1] is None and (len(parts) > 1 or "{" in behind or behind == "(" and code[at - 1] != "<"
                               or COMPLETE_BEFORE.search(code, max(0, at - 12), at)
                               or COMPLETE_BEHIND.match(code, match.end())):
            use[1] = at
    return ours, foreign


class Table:
    """The contents of includes.txt: {name: the headers that declare it}. The names of families end with `*`."""

    def __init__(self, text):
        self.names = collections.defaultdict(list)
        for line in text.replace("\n    ", " ").splitlines():
            if line.startswith("["):
                prefix = "std::" if line.startswith("[std]") else ""
            elif line and not line.startswith("#"):
                headers, names = (part.split() for part in line.split(": "))
                for name in names:
                    self.names[prefix + name] += headers
        self.families = [name[:-1] for name in self.names if name.endswith("*")]
        self.inner = {name[1:-1]: headers for name, headers in self.names.items() if name[0] == "<"}
        self.headers = set().union(*self.names.values())
        self.namespaces = {name.split("::")[0] for name in self.names if "::" in name} - {""}

    @functools.lru_cache(maxsize=None)
    def declaring(self, name):
        """The headers that declare a name; none for an unknown name."""
        return self.names.get(name) or [header for family in self.families if name.startswith(family)
                                        for header in self.names[f"{family}*"]]

    def all_of(self, headers):
        """The headers and those that they are bound to include, <x.h> of C as <cx>."""
        found = {f"c{name[:-2]}" if f"c{name[:-2]}" in self.headers else name for name in headers}
        found |= {f"{name.split('/')[0]}/*" for name in found if "/" in name} | ({"ANY"} if found else set())
        while more := {name for name, outer in self.inner.items() if not found.isdisjoint(outer)} - found:
            found |= more
        return found


class Tree:
    """The files, by their paths below the root. The paths are strings: pathlib would take half the time."""

    def __init__(self, root, table):
        self.root, self.table, self.code, self.included, self.headers = root, table, {}, {}, {}
        files = (file.relative_to(root).as_posix() for folder in FOLDERS for file in (root / folder).rglob("*.[ch]pp"))
        self.files = sorted(file for file in files if not LEFT_OUT.match(file))
        for file in self.files:
            self.read(file)
        names = (names.split("::") for code in self.code.values() for names in NAMESPACE.findall(code))
        self.namespaces = set().union(*names) - table.namespaces
        # {name: the files that introduce it in any way; that only declare it, a class; that declare it at namespace scope}
        self.introduced, self.forward, self.declared = (collections.defaultdict(set) for _ in range(3))
        for file, code in self.code.items():
            declared = set().union(*DECLARATION.findall(at_namespace_scope(code))) - {""}
            introduced, forward = introductions(code, self.namespaces)
            introduced |= declared
            for found, names in ((self.introduced, introduced), (self.forward, forward), (self.declared, declared)):
                for name in names:
                    found[name].add(file)

    def read(self, file):
        """Reads the file and all that it includes. Headers of others keep their `<` or `"`."""
        text = (self.root / file).read_text(encoding="utf-8")
        self.code[file], names = without_noise(text) if file.endswith(("pp", ".h")) else ("", ())  # .cases are literals
        self.included[file], self.headers[file] = set(), set()
        for name in names:
            paths = (f"{folder}/{name[1:]}" for folder in (os.path.dirname(file), *FOLDERS))
            found = next((os.path.normpath(path) for path in paths if os.path.isfile(f"{self.root}/{path}")), None)
            (self.included if found else self.headers)[file].add(found or name)
            if found and found not in self.code:
                self.read(found)

    def closure(self, file):
        found, more = set(), {file}
        while more:
            found |= more
            more = set().union(*(self.included[each] for each in more)) - found
        return found

    def problems(self, file):
        """(position, message) for each name that the file lacks."""
        closure = self.closure(file)
        names = {name for each in closure for name in self.headers[each]}
        if any(name[0] == '"' for name in names):  # a generated header
            return
        headers = self.table.all_of(name[1:] for name in names)
        ours, foreign = uses(self.code[file], self.namespaces)
        for name, at in foreign.items():
            wanted, last = self.table.declaring(name), name.split("::")[-1]
            if not wanted or not headers.isdisjoint(wanted):
                continue
            if name.startswith(("std::", "::")) or closure.isdisjoint(self.introduced[last] | self.forward[last]):
                yield at, f"uses {name}, which <{wanted[0]}> declares"
        for (name, qualified), (at, complete) in ours.items():
            # Members, variables and names of other libraries do not hide a qualified name.
            if name not in self.declared or not closure.isdisjoint((self.declared if qualified else self.introduced)[name]):
                continue
            spaces = () if qualified else ("", "std::", "::")
            if any(not headers.isdisjoint(self.table.names.get(space + name, ())) for space in spaces):
                continue
            # CI compiles sources of one folder together.
            where = min((other for other in self.declared[name] if not other.endswith(".cpp")
                         or os.path.dirname(other) == os.path.dirname(file)), default=None)
            if where and closure.isdisjoint(self.forward[name]):
                yield at, f"uses {name}, which {where} declares"
            elif where and complete is not None:
                yield complete, f"needs the definition of {name}, which {where} has"


def findings(root):
    tree = Tree(root, Table(TABLE.read_text(encoding="utf-8")))
    for file in tree.files:
        for at, message in sorted(tree.problems(file)):
            yield f"{file}:{tree.code[file].count(chr(10), 0, at) + 1}: {message}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    found = list(findings(parser.parse_args().root.resolve()))
    for finding in found:
        print(finding, file=sys.stderr)
    print(f"includes: {len(found)} names without their #include")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
