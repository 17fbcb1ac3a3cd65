// Event streams: whatever comes, the same events however it is cut; none is larger than it may be; all are UTF-8; and what
// was read can be written and read again. The first byte chooses the limit.
#include "base/utf8.hpp"
#include "fuzz/property.hpp"
#include "http/wire/sse_parser.hpp"

#include <vector>

using namespace aio::http::wire;
using aio::fuzz::require;

namespace {

struct Run {
    std::vector<SSEEvent> events;
    std::string last_event_id;
    std::optional<std::uint64_t> retry_ms;
    bool too_large = false;
};

Run read_all(std::string_view bytes, std::size_t limit, std::size_t piece_size) {
    SSEParser parser(limit);
    Run run;
    try {
        while (!bytes.empty()) {
            std::string_view piece = bytes.substr(0, piece_size);
            bytes.remove_prefix(piece.size());
            while (std::optional<SSEEvent> event = parser.read(piece)) run.events.push_back(*std::move(event));
            require(piece.empty(), "all of a piece is used");
        }
    } catch (const SSELimitError&) {
        run.too_large = true;
    }
    run.last_event_id = parser.last_event_id();
    run.retry_ms = parser.retry_ms();
    return run;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes = aio::fuzz::as_text(data, size);
    const std::size_t limit = aio::fuzz::take_byte(bytes) & 1 ? 20 : 100'000;
    const Run whole = read_all(bytes, limit, std::string_view::npos);
    for (const std::size_t piece : {1, 5}) {
        const Run cut = read_all(bytes, limit, piece);
        require(cut.too_large == whole.too_large, "a limit does not depend on how bytes are cut");
        require(cut.events.size() == whole.events.size(), "nor does the number of events");
        require(cut.last_event_id == whole.last_event_id && cut.retry_ms == whole.retry_ms, "nor what is remembered");
        for (std::size_t i = 0; i < cut.events.size(); ++i) {
            require(cut.events[i].data == whole.events[i].data && cut.events[i].type == whole.events[i].type &&
                        cut.events[i].last_event_id == whole.events[i].last_event_id,
                    "nor what they say");
        }
    }
    for (const SSEEvent& event : whole.events) {
        require(event.data.size() + event.type.size() + event.last_event_id.size() <= limit, "none is too large");
        const std::string all = event.data + event.type + event.last_event_id;
        require(!aio::detail::find_bad_utf8(all), "events are UTF-8");
        std::string written;
        append_sse_event(written, event.data, event.type, event.last_event_id, whole.retry_ms);
        const Run again = read_all(written, limit, std::string_view::npos);
        require(again.events.size() == 1 && again.events[0].data == event.data &&
                    again.events[0].type == event.type && again.events[0].last_event_id == event.last_event_id,
                "what is written is read");
    }
    return 0;
}
