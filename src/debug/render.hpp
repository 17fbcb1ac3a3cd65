// A snapshot as text: the tree of `aiocpp pstree` and of dumps, and the table of `aiocpp ps`.
#pragma once

#include "debug/snapshot.hpp"

#include <string>

namespace aio::debug {

// A tree for each loop: below each task those that it waits for. A task that several wait for is drawn once, below the first of
// them; below the others only its name.
std::string render_tree(const Snapshot& snapshot);
// One line for each task: name, state, innermost frame, and what it waits for.
std::string render_table(const Snapshot& snapshot);
// "3 tasks wait for each other: a -> b -> c -> a"
std::string render_deadlock(const Snapshot& snapshot, const std::vector<std::uint32_t>& ring);
// "loop 1: thread 42, epoll, asleep in its poll; 5 tasks, 2 timers"
std::string render_loop(const LoopInfo& loop);
// "f() at file.cpp:12"
std::string render_place(const Place& place);

}  // namespace aio::debug
