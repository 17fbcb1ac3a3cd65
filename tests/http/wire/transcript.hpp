// What a wire::Parser makes of some bytes, as text: "POST /a (length=5); body hello; end". Of tests and fuzzers.
#pragma once

#include "http/wire/parser.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aio::http::wire {

struct TranscriptOptions {
    Parser::Role role = Parser::Role::requests;
    Limits limits = {};
    bool answers_head = false, answers_connect = false;  // the first response does
    bool fields = false;                                 // tell them: "GET / {Host: a}"
};

inline std::string_view name_of(Fault fault) {
    switch (fault) {
        case Fault::none: return "none";
        case Fault::bad_message: return "bad_message";
        case Fault::target_too_long: return "target_too_long";
        case Fault::fields_too_large: return "fields_too_large";
        case Fault::unsupported_version: return "unsupported_version";
        case Fault::unsupported_transfer_coding: return "unsupported_transfer_coding";
        case Fault::unsupported_method: return "unsupported_method";
        case Fault::unexpected_end: return "unexpected_end";
        case Fault::unexpected_data: return "unexpected_data";
    }
    return "?";
}

class Transcript {
public:
    explicit Transcript(const TranscriptOptions& options) : options_(options), parser_(options.role, options.limits) {
        if (options.answers_head) parser_.expect_no_body();
        if (options.answers_connect) parser_.expect_tunnel();
    }

    // What came: false when no more can be read.
    bool feed(std::string_view data) {
        while (true) {
            switch (parser_.next(data)) {
                case Event::need_more: return true;
                case Event::head: note_head(); break;
                case Event::body: note_body(); break;
                case Event::end: note_end(); break;
                case Event::fault: note_fault(); return false;
            }
        }
    }
    // The end of the connection.
    std::string finish() {
        if (parser_.fault() != Fault::none) return text_;
        const Event event = parser_.finish();
        if (event == Event::end) note_end();
        if (event == Event::fault) note_fault();
        return text_;
    }

private:
    void note(std::string_view what) {
        if (!text_.empty()) text_ += "; ";
        text_ += what;
        in_body_ = false;
    }
    void note_head() {
        const Head& head = parser_.head();
        std::string line = options_.role == Parser::Role::requests ? std::string(head.method) + " " + head.target
                                                                   : std::to_string(head.status);
        if (!head.reason.empty()) line += " " + head.reason;
        std::string flags;
        const auto add = [&](bool is, const std::string& flag) {
            if (is) flags += (flags.empty() ? "" : ", ") + flag;
        };
        add(head.minor_version == 0, "1.0");
        add(!head.keep_alive, "close");
        add(head.content_length.has_value(), "length=" + std::to_string(head.content_length.value_or(0)));
        add(head.chunked, "chunked");
        add(head.upgrade, "upgrade");
        add(head.expects_continue, "expects");
        if (!flags.empty()) line += " (" + flags + ")";
        if (options_.fields) note_fields(line, head.headers);
        note(line);
        if (parser_.complete()) note("end");
    }
    static void note_fields(std::string& line, const Headers& headers) {
        for (const auto& [name, value] : headers) {
            line += " {";
            line.append(name).append(": ").append(value).append("}");
        }
    }
    void note_body() {
        if (!in_body_) note("body ");
        in_body_ = true;
        text_ += parser_.body();
        if (parser_.body_ends_chunk()) text_ += '^';
    }
    void note_end() {
        std::string line = "end";
        note_fields(line, parser_.trailers());
        note(line);
    }
    void note_fault() { note("fault " + std::string(name_of(parser_.fault()))); }

    TranscriptOptions options_;
    Parser parser_;
    std::string text_;
    bool in_body_ = false;
};

// Of data that come in these pieces. Each is a block of its own, gone when it was read: views that live too long show.
inline std::string transcript(const TranscriptOptions& options, const std::vector<std::string_view>& pieces) {
    Transcript transcript(options);
    for (const std::string_view piece : pieces) {
        const std::vector<char> block(piece.begin(), piece.end());
        if (!transcript.feed({block.data(), block.size()})) break;
    }
    return transcript.finish();
}

}  // namespace aio::http::wire
