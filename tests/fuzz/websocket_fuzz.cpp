// WebSocket's frames: whatever comes, and however it is cut, the same as a slow decoder finds (ws_reference.hpp), also when zlib's
// memory is given back between messages; and what was read can be written, in fragments and compressed, for the slow decoder to
// read. The first byte chooses: masks, compression, window, limits, fragments.
#include "fuzz/property.hpp"
#include "fuzz/ws_reference.hpp"
#include "http/wire/ws_frame.hpp"

#include <memory>
#include <optional>
#include <vector>

using namespace aio::http::wire;
using aio::fuzz::require, aio::fuzz::SlowEvent, aio::fuzz::SlowReader, aio::fuzz::SlowRules;

namespace {

enum Choice : unsigned {
    kMasked = 1,
    kDeflate = 2,
    kSmall = 4,  // messages
    kLeastWindow = 8,
    kNoContext = 16,
    kByFragment = 32,
    kSmallFragments = 64,
    kReleases = 128,
};

SlowRules rules_of(unsigned choice) {
    SlowRules rules;
    rules.masked = choice & kMasked;
    rules.message = choice & kSmall ? 300 : 100'000;
    rules.fragment = choice & kSmallFragments ? 50 : 0;
    rules.by_fragment = choice & kByFragment;
    rules.deflate = choice & kDeflate;
    rules.no_context = choice & kNoContext;
    rules.window_bits = choice & kLeastWindow ? 9 : 15;
    return rules;
}

struct Run {
    std::vector<WSEvent> events;
    int fault = 0;
};

// piece_size: 0 for sizes that differ.
Run read_all(std::string_view bytes, const SlowRules& rules, std::size_t piece_size, bool releases) {
    WSLimits limits;
    limits.message = rules.message;
    limits.fragment = rules.fragment;
    limits.by_fragment = rules.by_fragment;
    std::unique_ptr<WSInflater> inflater;
    if (rules.deflate) inflater = std::make_unique<WSInflater>(rules.window_bits, rules.no_context);
    WSReader reader(rules.masked, limits, std::move(inflater));
    Run run;
    try {
        while (!bytes.empty()) {
            const std::size_t size = piece_size ? piece_size : 1 + bytes.size() * 7 % 11;
            std::string_view piece = bytes.substr(0, size);
            bytes.remove_prefix(piece.size());
            while (std::optional<WSEvent> event = reader.read(piece)) {
                run.events.push_back(*std::move(event));
                if (releases) reader.release();
            }
            require(piece.empty(), "all of a piece is used");
            if (releases) reader.release();
        }
    } catch (const WSProtocolError& error) {
        run.fault = error.code();
    }
    return run;
}

void require_same(const Run& fast, const SlowReader& slow) {
    const std::vector<SlowEvent>& expected = slow.events();
    // A distance beyond the window may be refused.
    const bool free = slow.beyond_window() && fast.fault == 1002;
    require(free || fast.fault == slow.fault(), "a fault is what the slow decoder finds",
            std::to_string(fast.fault) + ", not " + std::to_string(slow.fault()));
    require(free ? fast.events.size() <= expected.size() : fast.events.size() == expected.size(), "as many messages");
    for (std::size_t i = 0; i < fast.events.size(); ++i) {
        const WSEvent& event = fast.events[i];
        require(static_cast<unsigned>(event.opcode) == expected[i].opcode && event.data == expected[i].data &&
                    event.first == expected[i].first && event.last == expected[i].last,
                "messages are what the slow decoder finds");
        require(event.opcode != WSOpcode::close || event.close_code == expected[i].close_code, "and so are codes");
    }
}

// Writes data messages as they came, in two fragments each.
std::string written(const std::vector<WSEvent>& events, const SlowRules& rules) {
    const WSMask mask = {'a', 'b', '\0', '\xff'};
    WSDeflater deflater(rules.window_bits, rules.no_context, 1);
    std::string all;
    for (const WSEvent& event : events) {
        const std::string_view data = event.data;
        if (static_cast<unsigned>(event.opcode) >= 8) continue;
        for (const bool last : {false, true}) {
            const std::string_view part = last ? data.substr(data.size() / 2) : data.substr(0, data.size() / 2);
            std::string packed;
            if (rules.deflate) deflater.deflate_part(part, last, packed);
            append_ws_frame(all, last ? WSOpcode::continuation : event.opcode, rules.deflate && !last,
                            rules.deflate ? std::string_view(packed) : part, rules.masked ? &mask : nullptr, last);
        }
    }
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes = aio::fuzz::as_text(data, size);
    const unsigned choice = aio::fuzz::take_byte(bytes);
    const SlowRules rules = rules_of(choice);
    SlowReader slow(rules);
    slow.read(bytes);
    const Run whole = read_all(bytes, rules, std::string_view::npos, false);
    require_same(whole, slow);
    for (const std::size_t piece : {std::size_t{0}, std::size_t{1}}) {
        require_same(read_all(bytes, rules, piece, (choice & kReleases) != 0), slow);
    }

    SlowRules again = rules;
    again.message = again.fragment = 0;
    again.by_fragment = false;
    std::vector<WSEvent> messages;
    for (const WSEvent& event : whole.events) {
        if (event.first && event.last) messages.push_back(event);
    }
    SlowReader reader(again);
    reader.read(written(messages, again));
    require(reader.fault() == 0, "what is written is valid");
    require(!reader.beyond_window(), "and keeps to its window");
    std::size_t count = 0;
    for (const WSEvent& event : messages) {
        if (static_cast<unsigned>(event.opcode) >= 8) continue;
        require(count < reader.events().size() && reader.events()[count].data == event.data,
                "what is written is read");
        ++count;
    }
    return 0;
}
