#include "schedules/explorer.hpp"

#include "schedules/history.hpp"
#include "schedules/memory.hpp"
#include "schedules/report.hpp"
#include "schedules/scheduler.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <string>

namespace aio::schedules {

namespace {

std::uint8_t bit(unsigned thread) noexcept { return static_cast<std::uint8_t>(1u << thread); }

unsigned cost(const Decision& decision) noexcept { return decision.with_cost & bit(decision.chosen) ? 1 : 0; }

}  // namespace

const std::vector<Decision>& Explorer::run() {
    memory::reset();
    report().decisions = 0;
    const std::vector<Decision>& decisions = run_once(body_, choices_);
    if (const memory::Used left = memory::used(); left.blocks > 0) {
        fail("leak: " + std::to_string(left.blocks) + " blocks of memory are left, " + std::to_string(left.bytes) +
             " bytes");
    }
    return decisions;
}

void Explorer::explore(unsigned preemptions) {
    memory::use(false);
    run_once(body_, {});  // allocates everything that the process keeps
    memory::use(true);
    for (unsigned bound = 0; bound <= preemptions; ++bound) {
        std::size_t known;
        do {
            known = history().contended_count();
            explore_all(bound);
        } while (history().contended_count() > known);
    }
}

void Explorer::explore_all(unsigned bound) {
    path_.clear();
    visited_.clear();
    Report& made = report();
    do {
        choices_.clear();
        for (const Node& node : path_) choices_.push_back(node.chosen);
        ++made.schedules;
        const std::vector<Decision>& decisions = run();
        extend(decisions, bound);
        if (ends_.insert(history().state()).second) {
            ++made.ends;
            made.ends_sum += history().state();
        }
        const RunSize size = last_run_size();
        made.most_threads = std::max(made.most_threads, size.threads);
        made.most_operations = std::max(made.most_operations, size.operations);
    } while (next(bound));
}

// The decisions beyond the path, up to a state that was explored.
void Explorer::extend(const std::vector<Decision>& made, unsigned bound) {
    unsigned used = path_.empty() ? 0 : path_.back().used + cost(path_.back());
    for (std::size_t i = path_.size(); i < made.size(); ++i) {
        const unsigned left = bound - used + 1;
        unsigned& before = visited_[made[i].state];
        if (before >= left && reduced_) return;
        before = left;
        Node node;
        static_cast<Decision&>(node) = made[i];
        node.used = used;
        node.tried = bit(node.chosen);
        path_.push_back(node);
        used += cost(node);
    }
}

std::uint8_t Explorer::alternatives(const Node& node, unsigned bound) const {
    unsigned threads = node.without_cost;
    const bool worth_it = !reduced_ || node.object == 0 || history().contended(node.object);
    if (worth_it && node.used < bound) threads |= node.with_cost;
    return static_cast<std::uint8_t>(threads & ~node.tried);
}

bool Explorer::next(unsigned bound) {
    for (; !path_.empty(); path_.pop_back()) {
        Node& node = path_.back();
        const std::uint8_t left = alternatives(node, bound);
        if (left == 0) continue;
        node.chosen = static_cast<std::uint8_t>(std::countr_zero(left));
        node.tried |= bit(node.chosen);
        return true;
    }
    return false;
}

void Explorer::replay(std::string_view schedule) {
    choices_.clear();
    while (!schedule.empty()) {
        const std::string_view one = schedule.substr(0, schedule.find(','));
        schedule.remove_prefix(std::min(one.size() + 1, schedule.size()));
        std::size_t index = 0;
        unsigned thread = 0;
        const auto [equals, wrong] = std::from_chars(one.begin(), one.end(), index);
        if (wrong != std::errc() || index >= Report::kMostDecisions || equals == one.end() || *equals != '=' ||
            std::from_chars(equals + 1, one.end(), thread).ptr != one.end() || thread >= kMostThreads) {
            fail("a schedule is written as 12=1,37=2: at decision 12 thread 1 runs");
        }
        choices_.resize(std::max(choices_.size(), index + 1), kUsual);
        choices_[index] = static_cast<std::uint8_t>(thread);
    }
    memory::use(false);
    run_once(body_, {});
    memory::use(true);
    trace(true);
    run();
    print_trace();
}

}  // namespace aio::schedules
