#!/usr/bin/env python3
"""Most of the public API has a comment that a reader of the header finds.

Counted are the public declarations of include/aio: classes, structs and enums; free functions and constants; public
member functions, data members and type aliases. Of namespace detail only the public bases of public classes count,
since users call their members, too.

Not counted is what a comment could only repeat:
  - what is private, protected, deleted or defaulted; friends; forward declarations; definitions of what the same header
    declares above;
  - constructors that copy or move, and destructors; comparisons, assignments, `<<`, `*`, `->` and `++`;
  - names that only the language and templates use: `operator co_await`, await_resume, begin, promise_type...;
  - specializations, deduction guides, concepts and using-declarations. Enumerators are part of their enum.

A declaration is documented by a comment that is
  own       in the line above it, or above its `template <...>`
  trailing  behind it in one of its lines, down to its `;` or the `{` of its body
  group     above the first of several declarations without a blank line, an access specifier, or a class of several
            lines between them

The comment must have a word: headings (`// ---`), NOLINT and the like are none. An overload that directly follows a
documented one of the same name is not counted. The tool sees that there is a comment, not whether it is good, nor
whether that of a group says something of each member: so the last line has the three kinds apart.
"""

import argparse
import collections
import pathlib
import re
import sys

import extremes

HEADING = re.compile(r"//\s*(?:---|===|NOLINT|clang-format|IWYU)")
OBVIOUS_OPERATORS = {"==", "!=", "<", ">", "<=", ">=", "<=>", "<<", "=", "*", "->", "++", "co_await"}
USED_BY_THE_LANGUAGE = {"await_ready", "await_suspend", "await_resume", "await_transform", "begin", "end",
                        "promise_type", "value_type", "difference_type", "native_awaitable"}
KINDS = {"class": "class", "struct": "class", "union": "class", "enum": "enum", "namespace": "namespace"}

Declaration = collections.namedtuple("Declaration", "name line how")  # how: own, trailing, group or None


class Token(str):
    """A token that knows its line."""

    line = 0


BRACE = Token()  # of the whole file


class Header:
    """The tokens of a header, and which of its lines are blank, end a comment of their own, or have one behind code."""

    def __init__(self, text):
        lines = text.splitlines()
        self.blank = {number for number, line in enumerate(lines, 1) if not line.strip()}
        self.above, self.trailing = set(), set()

        def cut(match):
            if match[0].startswith("//") and not HEADING.match(match[0]):
                number = text.count("\n", 0, match.start()) + 1
                own = lines[number - 1].lstrip().startswith("//")
                if own and number - 1 in self.above or re.search("[A-Za-z]", match[0]):
                    (self.above if own else self.trailing).add(number)
            return ('""' if match[0][0] in "\"'" else " ") + "\n" * match[0].count("\n")

        self.tokens, number = [], 1
        code = extremes.NOISE.sub(cut, text)
        for match in re.finditer(rf"\n|{extremes.TOKEN.pattern}", code):
            if match[0] == "\n":
                number += 1
            else:
                token = Token(match[0])
                token.line = number
                self.tokens.append(token)


# --- one declaration ---------------------------------------------------------------------------------------------


def parts_of(tokens):
    """(head, body) of each declaration of a scope. The body is None or begins with its `{`; the head of an access
    specifier is [its name, ":"]."""
    index = start = 0
    while index < len(tokens):
        token, head = tokens[index], tokens[start:index]
        if token == ":" and head in (["public"], ["private"], ["protected"]):
            yield [*head, token], None
            start = index + 1
        elif token == ";":
            if head:
                yield [*head, token], None
            start = index + 1
        elif token == "(":
            index = extremes.behind(tokens, index)
            continue
        elif token == "{":
            end = extremes.behind(tokens, index)
            if not extremes.is_requires_expression(head) and not is_initialiser(head, tokens[end:end + 1]):
                yield head, tokens[index:end]
                start = end
            index = end
            continue
        index += 1


def is_initialiser(head, following):
    """Whether `head { ... } following` goes on to a `;`, or to the body of a constructor."""
    if kind_of(head):
        return False
    bare = extremes.without_prefix(head)
    return following in ([";"], [","], ["{"]) or "=" in bare and parenthesis(bare) is None


def kind_of(head):
    """"class", "enum" or "namespace" for what such a word begins, "" for anything else."""
    word = next((word for word in extremes.without_prefix(head) if word in KINDS or word in ("(", "=", "using")), "")
    return KINDS.get(word, "")


def class_name(head):
    """The name in `class MACRO [[nodiscard]] Name final : Base`, or "" for a specialization."""
    rest, kept = extremes.without_prefix(head), []
    while rest and rest[0] != ":":
        if rest[0] == "[":
            rest = rest[extremes.behind(rest, 0):]
        else:
            kept, rest = [*kept, rest[0]], rest[1:]
    name = re.search(r"((?:\w+ :: )*\w+)(?: final)?$", " ".join(kept[1:]))
    return name[1].replace(" ", "") if name and "<" not in kept else ""


def parenthesis(head):
    """The index of the parenthesis that opens a function's parameters, or None."""
    index = 0
    while index < len(head) and head[index] not in ("=", "{"):
        if head[index] == "operator":
            return head.index("(", index + (3 if head[index + 1] == "(" else 1))
        if head[index] == "(" and head[index - 1] not in ("decltype", "noexcept", "explicit", "requires", "alignas"):
            return index
        index = extremes.behind(head, index) if head[index] in ("(", "<", "[") else index + 1
    return None


def signature(head, at):
    """A function's name and its parameters without default arguments."""
    parameters = extremes.split(head[at + 1:extremes.behind(head, at) - 1])
    return head[at - 1], [part[:part.index("=")] if "=" in part else part for part in parameters]


def function_name(head, at, owner):
    """The name of a function, if it counts. `owner`: the class that it is a member of, or None."""
    tail = head[extremes.behind(head, at):]
    if "delete" in tail or "default" in tail:
        return None
    if "operator" in head[:at]:
        symbol = head[head.index("operator") + 1:at]
        return None if "".join(symbol) in OBVIOUS_OPERATORS else " ".join(["operator", *symbol])
    name, parameters = signature(head, at)
    if not extremes.IDENTIFIER.fullmatch(name) or name in USED_BY_THE_LANGUAGE:
        return None
    if head[at - 2:at - 1] in (["~"], ["::"]):  # a destructor, or the definition of a member
        return None
    if name == owner and re.fullmatch(rf"(const )?{name} (& )?(&& )?(\w+ )?", " ".join([*parameters[0], ""])):
        return None
    return None if owner is None and at == 1 else name  # the first is a deduction guide


def name_of(head, body, owner):
    """The name that a declaration introduces, if it counts."""
    if kind_of(head):
        return class_name(head) if body and kind_of(head) != "namespace" and "friend" not in head else None
    head = extremes.without_prefix(head)
    if not head or {"friend", "concept"} & set(head) or head[0] in ("static_assert", "extern"):
        return None
    if head[0] == "using":
        return head[1] if head[2:3] == ["="] and head[1] not in USED_BY_THE_LANGUAGE else None
    at = parenthesis(head)
    if at is not None:
        return function_name(head, at, owner)
    if owner is None and "constexpr" not in head:
        return None
    end = next(index for index, token in enumerate([*head, ";"]) if token in ("=", "{", "[", ":", ",", ";"))
    return head[end - 1] if end > 1 and extremes.IDENTIFIER.fullmatch(head[end - 1]) else None


# --- a scope -----------------------------------------------------------------------------------------------------


def declarations(header, body, bases, scope=(), owner=None, only=None):
    """The public declarations between the braces of `body`. `bases`: classes of detail that count; `only`: none but
    these. `scope`: the names around it; `owner`: "class" or "struct" and the name of the class around it, or None."""
    public = owner is None or owner[0] != "class"
    last, covered, previous = body[0].line, False, None
    declared = []  # the signatures of functions without a body
    for head, inner in parts_of(body[1:-1]):
        first, opens = head[0].line, (inner or head[-1:])[0].line
        if head[-1] == ":":
            public, last, covered, previous = head[0] == "public", first, False, None
            continue
        covered = covered and not header.blank & set(range(last + 1, first))
        how = "group" if covered else None
        if first - 1 > last and first - 1 in header.above:
            how, covered = "own", True
        elif header.trailing & set(range(first, opens + 1)):
            how = "trailing"
        last = (inner or head)[-1].line
        covered = covered and not (kind_of(head) and last > first)

        name = name_of(head, inner, owner and owner[1])
        bare = extremes.without_prefix(head)
        at = None if kind_of(head) or name is None else parenthesis(bare)
        if at is not None and inner and signature(bare, at) in declared:
            name = None
        elif at is not None and not inner:
            declared.append(signature(bare, at))
        wanted = public and (only is None or kind_of(head) == "class" and name in only)
        repeats = name is not None and previous == (name, True)
        previous = (name, repeats or how is not None)
        if name and wanted and not repeats:
            yield Declaration("::".join([*scope, name]), first, how)

        if kind_of(head) == "namespace":
            names = [word for word in head[1:] if extremes.IDENTIFIER.fullmatch(word)]
            inside = (*scope, *(name for name in names if name not in ("aio", "detail")))
            yield from declarations(header, inner, bases, inside, only=bases if "detail" in names else only)
        elif kind_of(head) == "class" and name and wanted:
            kind = "class" if "class" in bare else "struct"
            yield from declarations(header, inner, bases, (*scope, name), (kind, name.split("::")[-1]))


def public_declarations(root):
    """{header: its public declarations}, for headers that have any"""
    headers = {file: Header(file.read_text(encoding="utf-8"))
               for file in sorted((root / "include" / "aio").rglob("*.hpp"))}
    bases = {name for header in headers.values() for name in extremes.PUBLIC_BASE.findall(" ".join(header.tokens))}
    found = {file.relative_to(root / "include"): list(declarations(header, [BRACE, *header.tokens, BRACE], bases))
             for file, header in headers.items()}
    return {name: all_of for name, all_of in found.items() if all_of}


def share(found):
    """The documented part of `found`, in percent."""
    return 100 * sum(declaration.how is not None for declaration in found) / len(found) if found else 100


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--require", type=float, default=0, metavar="PERCENT", help="fail below this part of the total")
    parser.add_argument("--list", metavar="WORD", help="list what has no comment in headers named *WORD*")
    options = parser.parse_args()
    headers = public_declarations(options.root.resolve())
    for name, found in sorted(headers.items(), key=lambda item: (share(item[1]), item[0])):
        missing = [declaration for declaration in found if declaration.how is None]
        if options.list is None:
            print(f"{share(found):4.0f} %  {len(found) - len(missing):3} of {len(found):3}  {name}")
        elif options.list in str(name):
            for declaration in missing:
                print(f"include/{name}:{declaration.line}: {declaration.name}")
    total = [declaration for found in headers.values() for declaration in found]
    kinds = collections.Counter(declaration.how for declaration in total)
    print(f"documented: {share(total):.1f} % of {len(total)} public declarations "
          f"({kinds['own']} own, {kinds['trailing']} trailing, {kinds['group']} group)")
    if share(total) < options.require:
        print(f"documented: {options.require:g} % are required; --list '' has what is missing", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
