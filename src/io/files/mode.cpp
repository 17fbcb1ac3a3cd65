// Parses open()'s mode, errors and newline arguments, and checks buffering against the mode.
// open.cpp opens the file; base/utf8.cpp decodes and translates newlines.
#include "io/files/mode.hpp"

#include <aio/base/error.hpp>
#include <aio/io/file.hpp>

#include <fcntl.h>

namespace aio::detail {

namespace {

[[noreturn]] void refuse(std::string_view mode) { throw ValueError("invalid mode: '" + std::string(mode) + "'"); }

}  // namespace

int FileMode::flags() const noexcept {
    int flags = reading && writing ? O_RDWR : writing ? O_WRONLY : O_RDONLY;
    if (creating) flags |= O_CREAT;
    if (exclusive) flags |= O_EXCL;
    if (truncating) flags |= O_TRUNC;
    if (appending) flags |= O_APPEND;
    return flags;
}

std::string FileMode::name() const {
    std::string text(exclusive ? "x" : truncating ? "w" : appending ? "a" : "r");
    if (binary) text += 'b';
    if (reading && writing) text += '+';
    return text;
}

const char* FileMode::purpose() const noexcept {
    if (reading && writing) return "reading and writing";
    return appending ? "appending" : writing ? "writing" : "reading";
}

// Source: io.open, CPython 3.13 Modules/_io/_iomodule.c.
FileMode parse_mode(std::string_view mode) {
    std::string seen;
    for (const char letter : mode) {
        if (std::string_view("rwaxbt+").find(letter) == std::string_view::npos) refuse(mode);
        if (seen.find(letter) != std::string::npos) refuse(mode);
        seen += letter;
    }
    const auto has = [&](char letter) { return seen.find(letter) != std::string::npos; };
    if (has('b') && has('t')) throw ValueError("can't have text and binary mode at once");
    if (has('r') + has('w') + has('a') + has('x') != 1) {
        throw ValueError("must have exactly one of create/read/write/append mode");
    }
    FileMode result;
    result.reading = has('r') || has('+');
    result.writing = !has('r') || has('+');
    result.appending = has('a');
    result.creating = !has('r');
    result.exclusive = has('x');
    result.truncating = has('w');
    result.binary = has('b');
    return result;
}

DecodeErrors parse_errors(std::string_view name) {
    if (name.empty() || name == "strict") return DecodeErrors::strict;
    if (name == "replace") return DecodeErrors::replace;
    if (name == "ignore") return DecodeErrors::ignore;
    throw ValueError("unknown error handler name '" + std::string(name) + "': strict, replace or ignore");
}

Newlines parse_newline(const char* newline) {
    if (!newline) return Newlines::universal;
    const std::string_view text(newline);
    if (text.empty()) return Newlines::any;
    if (text == "\n") return Newlines::lf;
    if (text == "\r") return Newlines::cr;
    if (text == "\r\n") return Newlines::crlf;
    throw ValueError("illegal newline value: '" + std::string(text) + "'");
}

TextRules parse_text_rules(const FileMode& mode, const files::OpenOptions& options) {
    if (!mode.binary) return {parse_errors(options.errors), parse_newline(options.newline)};
    if (!options.errors.empty()) throw ValueError("binary mode doesn't take an errors argument");
    if (options.newline) throw ValueError("binary mode doesn't take a newline argument");
    return {};
}

void check_buffering(const FileMode& mode, const files::OpenOptions& options) {
    if (options.buffering < -1) throw ValueError("invalid buffering size");
    if (options.buffering == 0 && !mode.binary) throw ValueError("can't have unbuffered text I/O");
}

}  // namespace aio::detail
