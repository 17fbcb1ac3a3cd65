// WebSocket's frames: whatever comes, the same however it is cut; no message is larger than it may be; texts are UTF-8; and
// what was read can be written and read again. The first byte chooses: masks, compression, the limit.
#include "base/utf8.hpp"
#include "fuzz/property.hpp"
#include "http/wire/ws_frame.hpp"

#include <memory>
#include <vector>

using namespace aio::http::wire;
using aio::fuzz::require;

namespace {

struct Run {
    std::vector<WSEvent> events;
    int fault = 0;
};

Run read_all(std::string_view bytes, unsigned choice, std::size_t piece_size) {
    const std::uint64_t limit = choice & 4 ? 300 : 100'000;
    std::unique_ptr<WSInflater> inflater;
    if (choice & 2) inflater = std::make_unique<WSInflater>(choice & 8 ? 9 : 15, (choice & 16) != 0);
    WSReader reader((choice & 1) != 0, limit, std::move(inflater));
    Run run;
    try {
        while (!bytes.empty()) {
            std::string_view piece = bytes.substr(0, piece_size);
            bytes.remove_prefix(piece.size());
            while (std::optional<WSEvent> event = reader.read(piece)) {
                require(event->data.size() <= limit, "a message is not larger than it may be");
                run.events.push_back(*std::move(event));
            }
            require(piece.empty(), "all of a piece is used");
        }
    } catch (const WSProtocolError& error) {
        run.fault = error.code();
    }
    return run;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes = aio::fuzz::as_text(data, size);
    const unsigned choice = aio::fuzz::take_byte(bytes);
    const Run whole = read_all(bytes, choice, std::string_view::npos), single = read_all(bytes, choice, 1);
    require(whole.fault == single.fault, "a fault does not depend on how bytes are cut");
    require(whole.events.size() == single.events.size(), "nor does the number of messages");
    const WSMask mask = {'a', 'b', '\0', '\xff'};
    for (std::size_t i = 0; i < whole.events.size(); ++i) {
        const WSEvent& event = whole.events[i];
        require(event.data == single.events[i].data && event.opcode == single.events[i].opcode, "nor what they say");
        const bool text = event.opcode == WSOpcode::text || event.opcode == WSOpcode::close;
        require(!text || !aio::detail::find_bad_utf8(event.data), "texts are UTF-8");
        if (event.opcode == WSOpcode::close) continue;
        std::string written;
        append_ws_frame(written, event.opcode, false, event.data, choice & 1 ? &mask : nullptr);
        const Run again = read_all(written, choice & 1, std::string_view::npos);
        const bool fits = event.data.size() <= 100'000;
        require(!fits || (again.events.size() == 1 && again.events[0].data == event.data), "what is written is read");
    }
    return 0;
}
