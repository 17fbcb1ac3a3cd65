// All schedules of a program with at most so many preemptions, depth first: each run repeats the decisions of the one
// before up to the last that has an alternative left, and takes that.
//
// When a thread blocks or ends, each thread that can run is tried next. A thread that could continue is preempted, at a cost,
// before every operation on an object that two threads use; operations on any other object commute with those of the other
// threads. The set of shared objects is complete only when everything is explored, so the exploration is repeated until the
// set stops growing. A state that was reached before, with as many preemptions left, is not explored again.
//
// Source: iterative context bounding, Musuvathi and Qadeer, PLDI 2007.
#pragma once

#include "schedules/decision.hpp"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace aio::schedules {

class Explorer {
public:
    // Without `reduced` every operation is a decision, and no state is taken for explored: to check the two reductions.
    explicit Explorer(void (*body)(), bool reduced = true) : body_(body), reduced_(reduced) {}

    // Bounds 0, 1, ... up to `preemptions`, so that the first fault found is one of the simplest. The results are in
    // report().
    void explore(unsigned preemptions);
    // One schedule, as schedule_text() writes it.
    void replay(std::string_view schedule);

private:
    struct Node : Decision {
        unsigned used = 0;       // preemptions before it
        std::uint8_t tried = 0;  // set of threads
    };

    const std::vector<Decision>& run();
    void explore_all(unsigned bound);
    void extend(const std::vector<Decision>& made, unsigned bound);
    bool next(unsigned bound);
    std::uint8_t alternatives(const Node& node, unsigned bound) const;

    void (*body_)();
    const bool reduced_;
    std::vector<Node> path_;
    std::vector<std::uint8_t> choices_;
    std::unordered_map<std::uint64_t, unsigned> visited_;  // state: preemptions that were left there
    std::unordered_set<std::uint64_t> ends_;
};

}  // namespace aio::schedules
