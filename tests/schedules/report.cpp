#include "schedules/report.hpp"

#include "schedules/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" const char __executable_start;  // the linker's

namespace aio::schedules {

namespace {

struct Step {
    unsigned thread;
    Operation operation;
    std::uint64_t name;
    std::string decision;
};

bool tracing = false;
std::vector<Step> steps;
std::string next_decision;

// Of "function at file:line" frames, innermost first, the first that is not the standard library's.
std::string own_frame(const std::vector<std::string>& frames) {
    for (const std::string& frame : frames) {
        const bool foreign = frame.find(" at /usr/") != std::string::npos || frame.find("??") != std::string::npos;
        if (foreign) continue;
        const std::size_t at = frame.rfind(" at "), slash = frame.rfind('/');
        return slash == std::string::npos || at == std::string::npos
                   ? frame
                   : frame.substr(slash + 1) + "  " + frame.substr(0, at);
    }
    return "";
}

// Where each step was made, by addr2line; empty where it is missing.
std::vector<std::string> places() {
    std::vector<std::string> found(steps.size());
    std::string command = "addr2line -aCfip -e /proc/" + std::to_string(::getpid()) + "/exe";
    for (const Step& step : steps) {
        const auto offset = static_cast<const char*>(step.operation.code) - &__executable_start - 1;
        char text[32];
        std::snprintf(text, sizeof text, " %#lx", static_cast<unsigned long>(offset));
        command += text;
    }
    FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
    if (!pipe) return found;
    std::vector<std::string> frames;
    std::size_t index = 0;
    char line[4096];
    const auto take = [&] {
        if (!frames.empty() && index < found.size()) found[index++] = own_frame(frames);
        frames.clear();
    };
    while (std::fgets(line, sizeof line, pipe)) {
        std::string_view frame(line, std::strcspn(line, "\n"));
        if (frame.starts_with("0x")) {
            take();
            frame.remove_prefix(std::min(frame.find(": ") + 2, frame.size()));
        }
        constexpr std::string_view kInlined = " (inlined by) ";
        if (frame.starts_with(kInlined)) frame.remove_prefix(kInlined.size());
        frames.emplace_back(frame);
    }
    take();
    ::pclose(pipe);
    return found;
}

}  // namespace

Report& report() {
    static Report* const shared = [] {
        void* memory = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        return static_cast<Report*>(memory);
    }();
    return *shared;
}

std::string schedule_text() {
    const Report& made = report();
    std::string text;
    for (std::uint32_t i = 0; i < std::min<std::size_t>(made.decisions, Report::kMostDecisions); ++i) {
        if (made.chosen[i] == made.usual[i]) continue;
        if (!text.empty()) text += ',';
        text += std::to_string(i) + "=" + std::to_string(made.chosen[i]);
    }
    return text;
}

void fail(std::string_view what) noexcept {
    const memory::Outside mine;
    Report& made = report();
    const std::size_t length = std::min(what.size(), sizeof made.fault - 1);
    std::memcpy(made.fault, what.data(), length);
    made.fault[length] = '\0';
    print_trace();
    ::_exit(1);
}

void trace(bool on) {
    tracing = on;
    steps.clear();
}

void note_step(unsigned thread, const Operation& operation, std::uint64_t name) {
    if (!tracing) return;
    steps.push_back({thread, operation, name, std::move(next_decision)});
    next_decision.clear();
}

void note_decision(std::size_t index, const Decision& decision) {
    Report& made = report();
    if (index < Report::kMostDecisions) {
        made.chosen[index] = decision.chosen;
        made.usual[index] = decision.usual;
    }
    made.decisions = static_cast<std::uint32_t>(index + 1);
    if (!tracing) return;
    next_decision += " [" + std::to_string(index) + "=" + std::to_string(decision.chosen) +
                     (decision.chosen == decision.usual ? "]" : "!]");
}

void print_trace() {
    if (!tracing) return;
    const std::vector<std::string> where = places();
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        std::printf("%-16s thread %u  %-24s object %u.%u  %s\n", step.decision.c_str(), step.thread,
                    step.operation.name, static_cast<unsigned>(step.name >> 32), static_cast<unsigned>(step.name),
                    where[i].c_str());
    }
    std::fflush(stdout);
    steps.clear();
}

}  // namespace aio::schedules
