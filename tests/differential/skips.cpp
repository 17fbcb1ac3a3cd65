// Which statements are skipped, and why: what they need is not there, or they would show a listed difference.
#include <algorithm>
#include <array>

#include "player.hpp"

namespace aio::test::differential {

namespace {

constexpr int kMaxTasks = 30;

template <std::size_t N>
bool among(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 7> kWaitsForTasks{"await",   "gather", "gatherkeep",   "wait",
                                                         "waitfor", "shield", "waitforshield"};
constexpr std::array<std::string_view, 3> kOtherUses{"cancel", "cancelmsg", "ondone"};
constexpr std::array<std::string_view, 5> kSpawns{"spawn", "groupspawn", "gatherbodies", "gatherbodieskeep",
                                                  "waitforbody"};

}  // namespace

std::vector<int> Player::slots_of(const Statement& statement) {
    const std::vector<int>& all = statement.numbers;
    if (statement.name == "wait") return {all.begin() + 2, all.end()};
    if (statement.name == "waitfor" || statement.name == "waitforshield") return {all.begin() + 1, all.end()};
    if (statement.name == "cancelmsg" || statement.name == "ondone") return {all[0]};
    return all;
}

std::vector<Task<int>> Player::tasks_of(const Statement& statement) const {
    std::vector<Task<int>> tasks;
    for (int number : slots_of(statement)) tasks.push_back(slot(number).task);
    return tasks;
}

std::string Player::skips(const Statement& statement, const Frame& frame) const {
    const std::string& name = statement.name;
    if (among(name, kSpawns) && numbers_ >= kMaxTasks) return "full";
    if ((name == "groupspawn" || name == "groupcancel") && !frame.group) return "none";
    if (name == "reschedule" && !frame.timeout) return "none";
    if (name == "handlecancel" && !handles_.contains(statement.numbers[0])) return "none";
    const bool waits = among(name, kWaitsForTasks);
    if (!waits && !among(name, kOtherUses)) return "";
    for (int number : slots_of(statement)) {
        if (!slots_.contains(number)) return "none";
    }
    return waits ? skips_waiting(statement, frame) : "";
}

std::string Player::skips_waiting(const Statement& statement, const Frame& frame) const {
    for (int number : slots_of(statement)) {
        if (differs("await-cycle") && slot(number).number <= frame.task) return "older";
    }
    return "";
}

}  // namespace aio::test::differential
