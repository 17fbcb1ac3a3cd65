#!/usr/bin/env python3
"""Every number in the public API is put to its ends by a test that names it.

A number is a parameter or an option whose type is a duration, a point in time, an integer or a floating-point number,
alone or in std::optional. The numbers of include/aio count, except those of namespace detail (apart from the public
bases of public classes) and those that are not public. Their names are `Class::function(parameter)`,
`function(parameter)` and `Options::member`, with the namespace in front if it is not aio: `http::`. One name stands for
all overloads. A test says which numbers it puts to their ends; a list may continue on lines that begin with five blanks:

    // Extremes: Semaphore::Semaphore(value), BasicQueue::BasicQueue(maxsize),
    //     sleep(delay)

Members without a default are not options but results, and do not count, unless they are std::optional.
"""

import argparse
import pathlib
import re
import sys

# Numbers that nobody passes to the library to see what it makes of them, by their full names.
EXEMPT = {
    r".*Error::\w+\(\w+\)|SystemExit::.*|throw_os_error\(code\)": "what an error says",
    r"files::(Stat|StatVfs|DirEntry)::.*|(http::ConnectorStatistics|http::HttpRange|AddressInfo)::.*": "a result",
    r"pg::(Notification|LoggedQuery)::.*": "a result",
    r"ssl::(Certificate::version|Cipher::secret_bits)|http::UploadedFile::.*": "a result",
    r"(LoopStatistics|LongestStep)::.*": "a result",
    r"http::Headers::Place::.*": "a position in a buffer of the library's own",
    r"BufferedProtocol::.*": "passed by the library to the program",
    r"\w*Resolver::getnameinfo\(flags\)": "passed on by getnameinfo(flags)",
    r"PeerAddress::of\(size\)": "the size of a sockaddr that the kernel wrote",
}

SCALAR = (r"(?:Duration|TimePoint|When|(?:std::)?(?:size_t|ptrdiff_t|u?int\d+_t)|std::chrono::\w+|"
          r"(?:unsigned |signed )?(?:int|long long|long|short)|unsigned|double|float|off_t|mode_t|uid_t|gid_t|pid_t)")
NUMBER = re.compile(rf"(?:const )?(?:{SCALAR}|std::optional<{SCALAR}>)&?")
# What is cut out of a header: comments, preprocessor lines, and the text of literals.
NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|(?<!\w)'(?:[^'\\\n]|\\.)+'",
                   re.MULTILINE | re.DOTALL)
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|&&|->|\S")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
PUBLIC_BASE = re.compile(r"[:,] public (?:aio :: )?detail :: (\w+)")
COMMENT = re.compile(r"//[ ]Extremes:[ ](.*(?:\n\s*//[ ]{5}.*)*)")
NAME = re.compile(r"[A-Za-z_][\w:]*(?:\(\w+\))?")
BRACKETS = {"(": ")", "{": "}", "[": "]", "<": ">"}


def tokens_of(text):
    return TOKEN.findall(NOISE.sub(lambda match: '""' if match[0][0] in "\"'" else " ", text))


def behind(tokens, at):
    """The index behind the bracket that closes the one at `at`. In angle brackets other brackets are skipped."""
    opening, depth, index = tokens[at], 0, at
    while index < len(tokens):
        if opening == "<" and tokens[index] in "({[":
            index = behind(tokens, index)
            continue
        depth += (tokens[index] == opening) - (tokens[index] == BRACKETS[opening])
        index += 1
        if depth == 0:
            return index
    raise ValueError(f"nothing closes {' '.join(tokens[at:at + 8])}")


def split(tokens):
    """The parts between the commas that are in no bracket."""
    parts, index = [[]], 0
    while index < len(tokens):
        end = behind(tokens, index) if tokens[index] in "({[" else index + 1
        if tokens[index] == "," and parts[-1].count("<") <= parts[-1].count(">"):
            parts.append([])
        else:
            parts[-1] += tokens[index:end]
        index = end
    return parts


# --- the beginning of a declaration ------------------------------------------------------------------------------


def behind_constraint(head):
    """The index behind `requires A<B> && (C || D<E>)`, with which `head` begins."""
    index = 1
    while True:
        index += head[index] == "!"
        if head[index] == "(":
            index = behind(head, index)
        elif head[index] == "requires":  # requires(T t) { ... }
            index = behind(head, index + 1)
            index = behind(head, index) if head[index] == "{" else index
        else:
            while head[index + 1] == "::":
                index += 2
            index += 1
            if head[index] == "<":
                index = behind(head, index)
            while head[index] == "::":  # A<B>::value
                index += 2
        if head[index:index + 2] == ["|", "|"]:
            index += 2
        elif head[index] == "&&":
            index += 1
        else:
            return index


def without_prefix(head):
    """A declaration without its template parameters, constraints and attributes."""
    while head[:1] in (["template"], ["requires"], ["["]):
        if head[0] == "requires":
            head = head[behind_constraint(head):]
        else:
            head = head[behind(head, 1 if head[0] == "template" else 0):]
    return head


def is_requires_expression(head):
    """Whether what follows `head` is the body of `requires { ... }` or `requires(T t) { ... }`."""
    if head[-1:] != [")"]:
        return head[-1:] == ["requires"]
    depth, index = 0, len(head)
    while index > 0:
        index -= 1
        depth += (head[index] == ")") - (head[index] == "(")
        if depth == 0:
            break
    return head[:index][-1:] == ["requires"] and head[:index][-2:-1] in (["requires"], ["&&"], ["!"], ["="], ["("])


# --- numbers -----------------------------------------------------------------------------------------------------


def number_in(declared):
    """The name in `std::size_t limit = 5`, if its type is a number."""
    if "=" in declared:
        declared = declared[:declared.index("=")]
    if len(declared) < 2 or not IDENTIFIER.fullmatch(declared[-1]):
        return None
    kind = re.sub(r" ?(::|<|>|&) ?", r"\1", " ".join(declared[:-1]))
    return declared[-1] if NUMBER.fullmatch(kind) else None


def numbers_of(head, scope):
    """The numbers of one declaration, without its body."""
    head = without_prefix(list(head))
    if not head or "operator" in head or head[0] in ("using", "friend", "static_assert", "typedef", "extern", "enum"):
        return
    at = next((i for i, token in enumerate(head) if token in ("(", "=", "{")), len(head))
    if at < len(head) and head[at] == "(" and head[at - 1] not in ("requires", "noexcept", "explicit"):
        if head[at - 2:at - 1] != ["::"]:  # else it is the definition of a member
            for parameter in split(head[at + 1:behind(head, at) - 1]):
                if number := number_in(parameter):
                    yield "::".join([*scope, head[at - 1]]) + f"({number})"
    elif (at < len(head) or "optional" in head) and not {"static", "inline", "constexpr"} & set(head):
        first, *others = split(head)
        if number := number_in(first[:at]):
            yield from ("::".join([*scope, name]) for name in [number, *(other[0] for other in others)])


def numbers(tokens, bases, scope=(), public=True, only=None):
    """The public numbers of the declarations in `tokens`. `bases`: classes of detail that count; `only`: none but these."""
    index = start = 0
    while index < len(tokens):
        token, head = tokens[index], tokens[start:index]
        if token == ":" and tokens[index - 1] in ("public", "private", "protected"):
            public, start = tokens[index - 1] == "public", index + 1
        elif token == ";":
            if public and only is None:
                yield from numbers_of(head, scope)
            start = index + 1
        elif token == "(":
            index = behind(tokens, index)
            continue
        elif token == "{":
            end = behind(tokens, index)
            if not is_requires_expression(head):
                found, ends = numbers_of_block(head, tokens[index + 1:end - 1], tokens[end:end + 1], bases, scope, public, only)
                yield from found
                start = end if ends else start
            index = end
            continue
        index += 1


def numbers_of_block(head, inner, following, bases, scope, public, only):
    """(the numbers of `head { inner }`, whether the declaration ends with it)"""
    head = without_prefix(head)
    kind = next((word for word in head if word in ("namespace", "class", "struct", "enum", "union", "(", "=")), "")
    if kind == "namespace":
        names = [word for word in head if IDENTIFIER.fullmatch(word) and word not in ("namespace", "inline")]
        inside = (*scope, *(name for name in names if name not in ("aio", "detail")))
        return numbers(inner, bases, inside, only=bases if "detail" in names else only), True
    if kind in ("class", "struct"):
        after = head[head.index(kind) + 1:]
        after = after[:after.index(":")] if ":" in after else after
        name = next((word for word in reversed(after) if re.fullmatch(r"[A-Z]\w*", word)), "")
        wanted = public and (only is None or name in only)
        return numbers(inner, bases, (*scope, name), kind == "struct") if wanted else (), True
    if kind in ("enum", "union"):
        return (), True
    if following in ([";"], [","], ["{"]):  # an initialiser
        return (), False
    return numbers_of(head, scope) if public and only is None else (), True


def public_numbers(root):
    """{number: the header that has it}"""
    headers = {header: tokens_of(header.read_text(encoding="utf-8"))
               for header in sorted((root / "include" / "aio").rglob("*.hpp"))}
    bases = {name for tokens in headers.values() for name in PUBLIC_BASE.findall(" ".join(tokens))}
    found = {}
    for header, tokens in headers.items():
        for number in numbers(tokens, bases):
            found.setdefault(number, header.relative_to(root))
    return found


def tested_numbers(text):
    for comment in COMMENT.findall(text):
        yield from NAME.findall(comment.replace("//", " "))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    public = public_numbers(root)
    tested = {}
    for file in sorted((root / "tests").rglob("*.cpp")):
        for number in tested_numbers(file.read_text(encoding="utf-8")):
            tested.setdefault(number, file.relative_to(root))
    exempt = {number for number in public if any(re.fullmatch(pattern, number) for pattern in EXEMPT)}
    missing = [number for number in public if number not in tested and number not in exempt]
    unknown = [number for number in tested if number not in public]
    for number in missing:
        print(f"{public[number]}: no test names the extremes of {number}", file=sys.stderr)
    for number in unknown:
        print(f"{tested[number]}: there is no number {number}", file=sys.stderr)
    print(f"extremes: {len(public)} numbers, {len(exempt)} of them exempt, {len(missing)} untested")
    return 1 if missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
