// A recording as a trace file. Loops are threads of it, steps and polls their slices; each task has a track of its own, with
// its waits in it, and so have requests.
#include "debug/recording.hpp"
#include "debug/render.hpp"

#include <cstdio>
#include <string_view>
#include <unordered_map>

namespace aio::debug {

namespace {

// RFC 8259 section 7. Bytes that are no UTF-8 are replaced: they come from requests.
std::string quoted(std::string_view text) {
    std::string json = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += text[i];
        } else if (c < ' ' || c >= 127) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x",
                          c < ' ' || c == 127 ? static_cast<unsigned>(c) : 0xfffdu);
            json += escaped;
        } else {
            json += text[i];
        }
    }
    return json + '"';
}

class Writer {
public:
    Writer(const Recording& recording, std::int64_t from_ns, std::uint64_t process)
        : recording_(recording), from_ns_(from_ns), process_(std::to_string(process)) {}

    std::string write() {
        text_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
        std::uint64_t lost = 0;
        for (const LoopRecording& loop : recording_.loops) {
            lost += loop.lost;
            write_loop(loop);
        }
        text_ += "\n],\"otherData\":{\"writer\":\"aiocpp " AIOCPP_VERSION "\",\"overwritten events\":" +
                 std::to_string(lost) + "}}\n";
        return std::move(text_);
    }

private:
    // What is known of a task up to some event.
    struct Seen {
        std::int64_t waits_since = -1;
        const LoopEvent* last = nullptr;
        bool begun = false, over = false;
    };

    void begin(char phase, std::string_view name, const char* category, std::int64_t ns, std::uint64_t loop) {
        char times[96];
        // Microseconds; thousandths are nanoseconds.
        std::snprintf(times, sizeof times, ",\"ts\":%lld.%03lld,\"pid\":%s,\"tid\":%llu",
                      static_cast<long long>(ns / 1000), static_cast<long long>(ns % 1000), process_.c_str(),
                      static_cast<unsigned long long>(loop));
        text_ += first_ ? "\n" : ",\n";
        first_ = false;
        text_ +=
            std::string("{\"ph\":\"") + phase + "\",\"cat\":\"" + category + "\",\"name\":" + quoted(name) + times;
    }
    void end() { text_ += '}'; }
    void lasts(std::int64_t ns) {
        char text[48];
        std::snprintf(text, sizeof text, ",\"dur\":%lld.%03lld", static_cast<long long>(ns / 1000),
                      static_cast<long long>(ns % 1000));
        text_ += text;
    }
    // A slice on a track of its own, which `id` names.
    void track(char phase, std::string_view name, const char* category, std::int64_t ns, const LoopRecording& loop,
               std::uint64_t id) {
        begin(phase, name, category, ns, loop.number);
        text_ += ",\"id\":\"" + std::to_string(loop.number) + "." + std::to_string(id) + "\"";
        end();
    }
    std::string place(std::int32_t at) const {
        return at < 0 ? "" : render_place(recording_.tasks.places[static_cast<std::size_t>(at)]);
    }
    std::string title(const LoopRecording& loop, std::uint64_t id) const {
        std::string text = task_name(loop, id);
        if (const auto function = loop.functions.find(id); function != loop.functions.end())
            text += " " + recording_.tasks.places[function->second].function + "()";
        return text;
    }
    static std::string awaited(const LoopRecording& loop, const LoopEvent& event) {
        if (event.awaits != 0) return task_name(loop, event.awaits);
        return event.text.empty() ? "something" : event.text;
    }

    void write_loop(const LoopRecording& loop) {
        begin('M', "thread_name", "__metadata", 0, loop.number);
        text_ += ",\"args\":{\"name\":\"loop " + std::to_string(loop.number) + "\"}";
        end();
        seen_.clear();
        spans_ = std::uint64_t{1} << 48;  // ids that no task has
        std::int64_t last = 0;
        for (const LoopEvent& event : loop.events) {
            if (!loop.simulated && event.end_ns < from_ns_) continue;
            last = event.end_ns;
            write_event(loop, event);
        }
        for (auto& [id, seen] : seen_) {
            if (seen.over || !seen.begun) continue;
            end_wait(loop, id, seen, last);
            track('e', title(loop, id), "task", last, loop, id);
        }
    }
    void write_event(const LoopRecording& loop, const LoopEvent& event) {
        switch (event.kind) {
            case EventKind::start: return begin_task(loop, event.task, event.end_ns);
            case EventKind::step: return write_step(loop, event);
            case EventKind::callback:
                slice(loop, event, event.text.empty() ? "a callback" : event.text, "callback");
                return end();
            case EventKind::poll:
                slice(loop, event, "poll", "poll");
                text_ += ",\"args\":{\"timers due\":" + std::to_string(event.count) + "}";
                return end();
            case EventKind::io:
                begin('i', operation_name(event), "io", event.end_ns, loop.number);
                text_ += ",\"s\":\"t\",\"args\":{\"fd\":" + std::to_string(static_cast<std::int32_t>(event.task)) +
                         ",\"result\":" + std::to_string(event.status) + "}";
                return end();
            case EventKind::request: return write_span(loop, event);
            default: return;
        }
    }
    void slice(const LoopRecording& loop, const LoopEvent& event, std::string_view name, const char* category) {
        begin('X', name, category, event.begin_ns, loop.number);
        lasts(event.end_ns - event.begin_ns);
    }
    void write_step(const LoopRecording& loop, const LoopEvent& event) {
        const bool group = event.count > 1;
        slice(loop, event, group ? std::to_string(event.count) + " short steps" : title(loop, event.task), "step");
        text_ += ",\"args\":{\"task\":" + std::to_string(event.task) + ",\"steps\":" + std::to_string(event.count);
        if (event.place >= 0) text_ += ",\"then at\":" + quoted(place(event.place));
        if (event.end == StepEnd::waits) text_ += ",\"waits for\":" + quoted(awaited(loop, event));
        if (event.awaits != 0) text_ += ",\"awaits\":" + std::to_string(event.awaits);
        text_ += ",\"end\":" + quoted(kEnds[static_cast<std::size_t>(event.end)]) + "}";
        end();
        if (event.task == 0) return;
        begin_task(loop, event.task, group ? event.end_ns : event.begin_ns);
        Seen& seen = seen_[event.task];
        end_wait(loop, event.task, seen, group ? event.end_ns : event.begin_ns);
        if (event.end == StepEnd::waits) {
            seen.waits_since = event.end_ns;
            seen.last = &event;
            track('b', "waits for " + awaited(loop, event), "task", event.end_ns, loop, event.task);
        } else if (event.end != StepEnd::ready) {
            seen.over = true;
            track('e', title(loop, event.task), "task", event.end_ns, loop, event.task);
        }
    }
    void begin_task(const LoopRecording& loop, std::uint64_t id, std::int64_t ns) {
        Seen& seen = seen_[id];
        if (seen.begun) return;
        seen.begun = true;
        track('b', title(loop, id), "task", ns, loop, id);
    }
    void end_wait(const LoopRecording& loop, std::uint64_t id, Seen& seen, std::int64_t ns) {
        if (seen.waits_since < 0) return;
        seen.waits_since = -1;
        track('e', "waits for " + awaited(loop, *seen.last), "task", ns, loop, id);
    }
    void write_span(const LoopRecording& loop, const LoopEvent& event) {
        const char* const category = "request";
        const std::uint64_t id = spans_++;
        begin('b', event.text, category, event.begin_ns, loop.number);
        text_ += ",\"id\":\"" + std::to_string(loop.number) + "." + std::to_string(id) +
                 "\",\"args\":{\"task\":" + std::to_string(event.task) +
                 ",\"status\":" + std::to_string(event.status) + ",\"client\":" + (event.client ? "true" : "false") +
                 "}";
        end();
        track('e', event.text, category, event.end_ns, loop, id);
    }

    static constexpr const char* kEnds[] = {"ready", "waits", "finished", "failed", "cancelled"};

    const Recording& recording_;
    std::int64_t from_ns_;
    std::string process_;
    std::string text_;
    bool first_ = true;
    std::unordered_map<std::uint64_t, Seen> seen_;
    std::uint64_t spans_ = 0;
};

}  // namespace

std::string render_trace(const Recording& recording, std::int64_t from_ns, std::uint64_t process) {
    return Writer(recording, from_ns, process).write();
}

}  // namespace aio::debug
