// The reading of the rings. A loop writes while this reads: events that it may have overwritten meanwhile are left out.
#include "debug/recording.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

namespace aio::debug {

using aio::detail::RecordedEvent;
using aio::detail::RecordedRing;
using aio::detail::WindowLoop;

namespace {

constexpr std::size_t kMostRings = 4096;
constexpr std::uint64_t kMostEvents = std::uint64_t{1} << 24;
constexpr std::uint64_t kLow48 = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t kDurationUnit = 16;

struct Words {
    std::uint64_t at[4];
};
static_assert(sizeof(Words) == sizeof(RecordedEvent));

// Ticks of the processor to nanoseconds.
struct Clock {
    std::uint64_t ticks = 0;
    std::int64_t ns = 0;
    double rate = 1;

    std::int64_t at(std::uint64_t when) const noexcept {
        return ns + static_cast<std::int64_t>(static_cast<double>(static_cast<std::int64_t>(when - ticks)) * rate);
    }
};

std::string text_in(const Words& words) {
    char bytes[sizeof words];
    std::memcpy(bytes, &words, sizeof words);
    std::string text(bytes, ::strnlen(bytes, 8));
    if (text.size() == 8) text.append(bytes + 9, ::strnlen(bytes + 9, sizeof bytes - 9));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, '?');
    return text;
}

}  // namespace

// One ring at a time. It fills in the loops of a recording, whose names and places the reader of the process looks up.
class RingReader {
public:
    RingReader(WindowReader& reader, Address ring, Recording& recording)
        : reader_(reader), ring_(ring), recording_(recording) {}

    void read() {
        // Before the events, and not with a page that has some of them.
        const std::uint64_t count = reader_.now_at<std::uint64_t>(ring_ + offsetof(RecordedRing, count));
        reader_.memory_.forget();
        const std::uint64_t capacity = number(offsetof(RecordedRing, capacity));
        if (capacity == 0 || capacity > kMostEvents || (capacity & (capacity - 1)) != 0 || count == 0) return;
        read_clock();
        loop_.number = number(offsetof(RecordedRing, loop));
        loop_.simulated = number(offsetof(RecordedRing, nanoseconds)) != 0;
        copy_events(count, capacity);
        for (std::size_t i = 0; i < events_.size(); ++i) {
            const Words& words = events_[i];
            const auto kind = kind_of(words);
            if (kind == EventKind::none || kind >= EventKind::text) continue;  // text whose event is gone
            std::string text;
            while (i + 1 < events_.size() && kind_of(events_[i + 1]) == EventKind::text)
                text += text_in(events_[++i]);
            add(kind, words, std::move(text));
        }
        recording_.loops.push_back(std::move(loop_));
    }

private:
    static EventKind kind_of(const Words& words) noexcept {
        return static_cast<EventKind>(static_cast<std::uint8_t>(words.at[1]));
    }
    std::uint64_t number(std::size_t at) { return reader_.memory_.get<std::uint64_t>(ring_ + at).value_or(0); }
    std::uint64_t number_now(std::size_t at) { return reader_.now_at<std::uint64_t>(ring_ + at); }

    // The later of the two moments may be changing: last_ticks is read before and after last_ns.
    void read_clock() {
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            clock_.ticks = number_now(offsetof(RecordedRing, last_ticks));
            clock_.ns = static_cast<std::int64_t>(number_now(offsetof(RecordedRing, last_ns)));
            if (clock_.ticks != 0 && clock_.ticks == number_now(offsetof(RecordedRing, last_ticks))) break;
        }
        const std::uint64_t first_ticks = number(offsetof(RecordedRing, first_ticks));
        const auto first_ns = static_cast<std::int64_t>(number(offsetof(RecordedRing, first_ns)));
        if (clock_.ticks == 0) {  // a core file of that very moment: durations are in ticks
            clock_.ticks = first_ticks;
            clock_.ns = first_ns;
        }
        if (number(offsetof(RecordedRing, nanoseconds)) == 0 && clock_.ticks > first_ticks)
            clock_.rate = static_cast<double>(clock_.ns - first_ns) / static_cast<double>(clock_.ticks - first_ticks);
    }

    void copy_events(std::uint64_t count, std::uint64_t capacity) {
        const std::uint64_t from = number(offsetof(RecordedRing, from));
        std::uint64_t oldest = std::max(count > capacity ? count - capacity : 0, std::min(from, count));
        loop_.lost = oldest;
        const std::uint64_t most = reader_.options_.most_events;
        if (count - oldest > most) oldest = count - most;
        events_.reserve(static_cast<std::size_t>(count - oldest));
        for (std::uint64_t i = oldest; i < count; ++i) {
            const Address at = ring_ + offsetof(RecordedRing, events) + (i & (capacity - 1)) * sizeof(Words);
            const auto words = reader_.memory_.get<Words>(at);
            if (!words) break;
            events_.push_back(*words);
        }
        if (!reader_.memory_.source().changes()) return;
        // The events written since, and the one that is being written, overwrote the oldest ones.
        const std::uint64_t after = number_now(offsetof(RecordedRing, count));
        const std::uint64_t whole = after + 1 > capacity ? after + 1 - capacity : 0;
        if (whole <= oldest) return;
        const std::uint64_t gone = std::min<std::uint64_t>(whole - oldest, events_.size());
        events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(gone));
        loop_.lost = oldest + gone;
    }

    std::int32_t place_at(Address where) {
        return static_cast<std::int32_t>(reader_.place_at(where, recording_.tasks));
    }
    Address table_at(std::uint64_t index) {
        return index == 0 || index > RecordedRing::kTables
                   ? 0
                   : number(offsetof(RecordedRing, tables) + (index - 1) * sizeof(Address));
    }

    // The fields are those of RecordedEvent.
    void add(EventKind kind, const Words& words, std::string text) {
        const std::uint64_t detail = words.at[2] >> 48, table = words.at[3] >> 48;
        const std::uint64_t other = words.at[3] & kLow48;
        LoopEvent event;
        event.kind = kind;
        event.end_ns = clock_.at(words.at[0]);
        event.begin_ns = clock_.at(words.at[0] - (words.at[1] >> 24) * kDurationUnit);
        event.task = words.at[2] & kLow48;
        event.count = static_cast<std::uint32_t>(words.at[1] >> 8 & 0xffff);
        switch (kind) {
            case EventKind::step:
                event.end = static_cast<StepEnd>(
                    std::min<std::uint64_t>(detail, static_cast<std::uint64_t>(StepEnd::cancelled)));
                if (other != 0) event.place = place_at(other);
                if (const Address wait = table_at(table)) event.text = reader_.name_of_wait(wait);
                break;
            case EventKind::start:
                if (other == 0) break;
                event.place = place_at(other | 1);
                loop_.functions[event.task] = static_cast<std::uint32_t>(event.place);
                break;
            case EventKind::name: loop_.names[event.task] = std::move(text); return;
            case EventKind::awaits:
                if (!loop_.events.empty() && loop_.events.back().kind == EventKind::step)
                    loop_.events.back().awaits = other;
                return;
            case EventKind::loop: return begin_loop(event.task, other);
            case EventKind::callback:
                if (const Address what = table_at(table)) event.text = reader_.name_of_callback(what);
                break;
            case EventKind::io:
                event.status = static_cast<std::int32_t>(static_cast<std::uint32_t>(other));
                event.count = static_cast<std::uint32_t>(detail);
                break;
            case EventKind::request:
                event.status = static_cast<std::int32_t>(event.count);
                event.client = detail == 1;
                event.text = std::move(text);
                break;
            default: break;
        }
        loop_.events.push_back(std::move(event));
    }

    // LoopStates are recycled: a ring may have the events of several loops, which number their tasks alike.
    void begin_loop(std::uint64_t number, std::uint64_t before) {
        LoopRecording next;
        next.number = number;
        next.simulated = loop_.simulated;
        loop_.number = before;
        if (!loop_.events.empty()) recording_.loops.push_back(std::move(loop_));
        loop_ = std::move(next);
    }

    static constexpr int kAttempts = 1000;  // each is three system calls

    WindowReader& reader_;
    Address ring_;
    Recording& recording_;
    Clock clock_;
    std::vector<Words> events_;  // the oldest first
    LoopRecording loop_;
};

Recording WindowReader::read_recording(const LookOptions& options) {
    Recording recording;
    if (options.tasks) {
        recording.tasks = look(options);
    } else {
        begin(options);
    }
    for (const Layout& layout : layouts_) {
        layout_ = &layout;
        std::vector<Address> records;
        for (Address at = layout.loops(); at != 0 && records.size() < kMostRings;) {
            records.push_back(at);
            at = memory_.pointer(at + offsetof(WindowLoop, next));
        }
        for (auto record = records.rbegin(); record != records.rend(); ++record) {
            if (const Address ring = memory_.pointer(*record + offsetof(WindowLoop, ring)))
                RingReader(*this, ring, recording).read();
        }
    }
    for (const LoopInfo& info : recording.tasks.loops) {
        for (LoopRecording& loop : recording.loops) {
            if (loop.number != info.number) continue;
            for (std::uint32_t i = info.first_task; i < info.first_task + info.task_count; ++i)
                loop.names.try_emplace(recording.tasks.tasks[i].id, recording.tasks.tasks[i].name);
        }
    }
    return recording;
}

std::string task_name(const LoopRecording& loop, std::uint64_t id) {
    const auto found = loop.names.find(id);
    return found == loop.names.end() || found->second.empty() ? "Task-" + std::to_string(id) : found->second;
}

const char* operation_name(const LoopEvent& event) noexcept {
    // In the order of Operation::Kind.
    constexpr const char* kNames[] = {"accept",   "receive",   "send",       "connect",  "poll in",
                                      "poll out", "file read", "file write", "file sync"};
    return event.count < std::size(kNames) ? kNames[event.count] : "operation";
}

}  // namespace aio::debug
