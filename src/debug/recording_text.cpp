// Events as text, for dumps: one line each.
#include "debug/recording.hpp"
#include "debug/render.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace aio::debug {

namespace {

std::string milliseconds(std::int64_t ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f ms", static_cast<double>(ns) / 1e6);
    return text;
}

std::string with_place(const Recording& recording, const LoopEvent& event, const char* preposition) {
    if (event.place < 0) return "";
    return preposition + render_place(recording.tasks.places[static_cast<std::size_t>(event.place)]);
}

std::string step_text(const Recording& recording, const LoopRecording& loop, const LoopEvent& event) {
    std::string text = event.count > 1 ? std::to_string(event.count) + " short steps" : "a step";
    if (event.task != 0) text += (event.count > 1 ? ", the last of " : " of ") + task_name(loop, event.task);
    switch (event.end) {
        case StepEnd::finished: return text + ", which ended";
        case StepEnd::failed: return text + ", which ended with an exception";
        case StepEnd::cancelled: return text + ", which was cancelled";
        case StepEnd::ready: return text + with_place(recording, event, ", ready again, ");
        case StepEnd::waits: break;
    }
    text += with_place(recording, event, ", waits in ");
    if (event.awaits != 0) return text + " for " + task_name(loop, event.awaits);
    return event.text.empty() ? text : text + " for " + event.text;
}

std::string event_text(const Recording& recording, const LoopRecording& loop, const LoopEvent& event) {
    switch (event.kind) {
        case EventKind::step: return step_text(recording, loop, event);
        case EventKind::start: return task_name(loop, event.task) + " begins" + with_place(recording, event, ": ");
        case EventKind::callback: return "a callback: " + event.text;
        case EventKind::poll:
            return "a poll" + (event.count > 0 ? ", " + std::to_string(event.count) + " timers due" : std::string());
        case EventKind::io: {
            std::string text = operation_name(event);
            text += " on descriptor " + std::to_string(static_cast<std::int32_t>(event.task)) + ": ";
            return text + (event.status < 0 ? std::strerror(-event.status) : std::to_string(event.status));
        }
        case EventKind::request:
            return std::string(event.client ? "sent " : "served ") + event.text + ": " +
                   std::to_string(event.status) +
                   (event.task != 0 ? ", in " + task_name(loop, event.task) : std::string());
        default: return "";
    }
}

}  // namespace

std::string render_events(const Recording& recording, const LoopRecording& loop, std::size_t most) {
    const std::size_t first = loop.events.size() - std::min(loop.events.size(), most);
    std::string text = "loop " + std::to_string(loop.number) + ", its last " +
                       std::to_string(loop.events.size() - first) + " events:\n";
    if (loop.events.empty()) return text;
    const std::int64_t last = loop.events.back().end_ns;
    for (std::size_t i = first; i < loop.events.size(); ++i) {
        const LoopEvent& event = loop.events[i];
        char times[64];
        const std::string taken = event.begin_ns == event.end_ns ? "" : milliseconds(event.end_ns - event.begin_ns);
        std::snprintf(times, sizeof times, "%14s %13s  ", milliseconds(event.end_ns - last).c_str(), taken.c_str());
        text += times + event_text(recording, loop, event) + "\n";
    }
    return text;
}

std::string render_recording(const Recording& recording, std::size_t most) {
    std::string text;
    for (const LoopRecording& loop : recording.loops) text += render_events(recording, loop, most);
    return text;
}

}  // namespace aio::debug
