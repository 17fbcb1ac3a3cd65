// One task: its state, its name, its frames from the innermost outward. What does not fit together is read again.
#include "debug/window_reader.hpp"

#include "base/describe.hpp"

namespace aio::debug {

using aio::detail::Kind;
using aio::detail::State;
using enum WindowField;

namespace {

constexpr int kTaskTries = 5;
constexpr std::size_t kMostFrames = 4'000'000;
constexpr std::uint64_t kLongestTaskName = 1 << 16;

// Text from foreign memory is for terminals too: no control characters.
std::string harmless(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
    }
    return text;
}

}  // namespace

TaskInfo WindowReader::read_task(Address task, Address running, Snapshot& snapshot) {
    TaskInfo info;
    for (int i = 0; i < kTaskTries; ++i) {
        info = TaskInfo{};
        info.address = task;
        if (try_task(task, running, snapshot, info)) return info;
        if (!memory_.source().changes()) break;
        memory_.forget();
    }
    info.frames.clear();
    info.waits_for.clear();
    info.awaits = 0;
    info.state = TaskState::changing;
    if (info.name.empty()) info.name = "?";
    return info;
}

bool WindowReader::try_task(Address task, Address running, Snapshot& snapshot, TaskInfo& info) {
    std::vector<char> bytes(offset(task_bytes));
    if (bytes.size() > 4096 || !memory_.read(task, bytes.data(), bytes.size())) return false;
    const std::uint8_t flags = byte(task + offset(ready_flags));
    const Address loop = memory_.pointer(task + offset(future_loop));
    if (!is_task_of(task, loop) || !read_name(task, flags, info)) return false;
    const std::uint8_t requests = byte(task + offset(ready_cancel_requests));
    const Address waits = memory_.pointer(task + offset(ready_next));
    const bool began = !(flags & aio::detail::kUnstarted);
    const bool waiting = began && (waits & 1);
    info.cancelling = (flags & (aio::detail::kMustCancel | aio::detail::kCancelDelivered)) != 0;
    info.state = task == running ? TaskState::running
                 : !began        ? TaskState::unstarted
                 : waiting       ? TaskState::waiting
                                 : TaskState::ready;
    if (began && !(requests & aio::detail::kReturned)) {
        const Address leaf = memory_.pointer(task + offset(future_leaf)) + offset(frame_promise);
        if (!read_frames(leaf, task, snapshot, info.frames)) return false;
    } else {
        info.frames.push_back(place_at(memory_.pointer(task + offset(task_where)), snapshot));
    }
    if (!waiting || task == running) return true;
    const Address waiter = waits - 1;
    if (memory_.pointer(waiter + offset(waiter_task)) != task) return false;
    info.waits_for = describe_wait(waiter, info);
    return !info.waits_for.empty();
}

// From the frame that is suspended outward: each knows who awaits it, and the last one is the task.
bool WindowReader::read_frames(Address leaf, Address task, Snapshot& snapshot, std::vector<std::uint32_t>& frames) {
    Address frame = leaf;
    // Brent's: an address that comes again means that this is a ring, which no task is.
    Address mark = 0;
    std::size_t steps = 0, power = 1;
    while (frames.size() < kMostFrames) {
        if (byte(frame + offset(ready_kind)) != static_cast<std::uint8_t>(Kind::task) || frame == mark) return false;
        const auto where = memory_.get<Address>(frame + offset(task_where));
        if (!where) return false;
        if (options_.frames || frames.empty()) frames.push_back(place_at(*where, snapshot));
        if (byte(frame + offset(ready_flags)) & aio::detail::kTask) return frame == task;
        if (++steps == power) {
            mark = frame;
            power *= 2;
            steps = 0;
        }
        frame = memory_.pointer(frame + offset(future_callbacks));
        if (frame == 0) return false;
    }
    return false;
}

std::uint32_t WindowReader::place_at(Address where, Snapshot& snapshot) {
    if (const auto known = places_.find(where); known != places_.end()) return known->second;
    // What a std::source_location points to, with g++ and clang.
    struct Raw {
        Address file, function;
        std::uint32_t line, column;
    };
    const bool not_yet_awaited = where & 1;
    Place place;
    if (const auto raw = memory_.get<Raw>(where & ~Address{1})) {
        const std::string function = memory_.text(raw->function).value_or("");
        place.function = function.empty() ? "?" : harmless(aio::detail::function_name(function.c_str()));
        place.file = harmless(memory_.text(raw->file).value_or("?"));
        if (!not_yet_awaited) place.line = raw->line;  // g++ gives the line of its closing brace
        place.glue = (place.function == "call_in_frame" || place.function == "await_in_frame") &&
                     place.file.ends_with("aio/core/awaitable.hpp");
    } else {
        place.function = place.file = "?";
    }
    const auto index = static_cast<std::uint32_t>(snapshot.places.size());
    snapshot.places.push_back(std::move(place));
    places_.emplace(where, index);
    return index;
}

bool WindowReader::read_name(Address task, std::uint8_t flags, TaskInfo& info) {
    info.id = memory_.get<std::uint64_t>(task + offset(task_id)).value_or(0);
    if (flags & aio::detail::kExtras) {
        const Address extras = info.id;
        const auto id = memory_.get<std::uint64_t>(extras + offset(extras_id));
        // libstdc++'s std::string: the address of the text, then its length.
        const auto text = memory_.get<Address>(extras + offset(extras_name));
        const auto length = memory_.get<std::uint64_t>(extras + offset(extras_name) + sizeof(Address));
        if (!id || !text || !length || *length > kLongestTaskName) return false;
        info.id = *id;
        info.name.resize(*length);
        if (!memory_.read(*text, info.name.data(), info.name.size())) return false;
        info.name = harmless(std::move(info.name));
    }
    if (info.name.empty()) info.name = "Task-" + std::to_string(info.id);
    return true;
}

}  // namespace aio::debug
