// The program behind ./run demo: a tour of what the library does today, in about fifteen seconds.
#include <aio/aio.hpp>

#include "file_server.hpp"
#include "parts.hpp"

#include <algorithm>

namespace {

struct Part {
    std::string_view name, title;
    void (*run)(demo::Console& console);
};

constexpr Part kParts[] = {
    {"cooks-sync", "Three cooks, one after the other", demo::cooks_one_by_one},
    {"cooks", "Three cooks, side by side", demo::cooks_side_by_side},
    {"tasks", "Tasks: started, awaited, cancelled", demo::tasks},
    {"future", "A future: a result that comes later", demo::future},
    {"queue", "Producers and consumers", demo::producers_and_consumers},
    {"executor", "Blocking work in a thread", demo::executor},
    {"semaphore", "A semaphore", demo::semaphore},
    {"fetch", "100 files over HTTP", demo::fetch},
    {"database", "A database in a file", demo::database},
};

void usage() {
    fmt::print("usage: ./run demo [PART...]\n\nparts:\n");
    for (const Part& part : kParts) fmt::print("  {:<12} {}\n", part.name, part.title);
}

const Part* find(std::string_view name) {
    const Part* found =
        std::find_if(std::begin(kParts), std::end(kParts), [&](const Part& p) { return p.name == name; });
    return found == std::end(kParts) ? nullptr : found;
}

// False when the part failed; the others go on.
bool run_part(const Part& part, demo::Console& console) {
    console.heading(part.title);
    try {
        part.run(console);
        return true;
    } catch (const demo::NoServer& error) {
        console.error(error.what());
        return true;  // nothing to fetch from, and nothing wrong with the library
    } catch (const aio::ExceptionGroup& group) {
        console.error(fmt::format("{} of the tasks failed; the first one:", group.exceptions().size()));
        try {
            std::rethrow_exception(group.exceptions().front());
        } catch (const std::exception& error) {
            console.error(error.what());
        }
    } catch (const std::exception& error) {
        console.error(error.what());
    }
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<Part> chosen;
    for (int i = 1; i < argc; ++i) {
        const Part* part = find(argv[i]);
        if (!part) {
            usage();
            return std::string_view(argv[i]) == "--help" ? 0 : 2;
        }
        chosen.push_back(*part);
    }
    if (chosen.empty()) chosen.assign(std::begin(kParts), std::end(kParts));

    demo::Console console;
    try {
        aio::EventLoop probe;
        console.title(fmt::format("aiocpp: asyncio for C++, on {}", probe.backend_name()));
        bool good = true;
        for (const Part& part : chosen) good &= run_part(part, console);
        if (chosen.size() > 1) console.summary();
        return good ? 0 : 1;
    } catch (const aio::KeyboardInterrupt&) {
        console.error("interrupted");
        return 130;
    } catch (const std::exception& error) {
        console.error(error.what());
        return 1;
    }
}
