// Who waits for what: the callbacks of a task or future lead to whoever is notified of its end. A gather, a shield and a wait()
// are futures between tasks; they are followed to the tasks behind them.
#include "debug/window_reader.hpp"

#include <algorithm>

namespace aio::debug {

using aio::detail::Kind;
using enum WindowField;

namespace {

constexpr std::size_t kMostCallbacks = 1'000'000;
constexpr int kMostRelays = 4;
constexpr std::uint32_t kFirstMember = 8;  // in a Waiting of wait.cpp: enough, left, return_when

}  // namespace

std::vector<WindowReader::Holder> WindowReader::holders_of(Address future) {
    std::vector<Holder> holders;
    const Address list = memory_.pointer(future + offset(future_callbacks));
    if (list == 0) return holders;
    if (list & 1) {  // CallbackList::kOneWaiter
        add_holder(list - 1 - offset(callback_ready), holders, 0);
        return holders;
    }
    Address item = list, mark = 0;
    for (std::size_t i = 1, power = 1; i < kMostCallbacks; ++i) {
        if (i == power) {  // Brent's algorithm: a ring without `list` in it
            mark = item;
            power *= 2;
        }
        item = memory_.pointer(item + offset(ready_next));
        if (item == 0 || (item == mark && item != list) ||
            byte(item + offset(ready_kind)) != static_cast<std::uint8_t>(Kind::callback))
            break;
        add_holder(item - offset(callback_ready), holders, 0);
        if (item == list) break;
    }
    return holders;
}

// `callback` is notified of the end of what is looked at.
void WindowReader::add_holder(Address callback, std::vector<Holder>& into, int depth) {
    const std::uint8_t flags = byte(callback + offset(callback_ready) + offset(ready_flags));
    if (flags & aio::detail::kWakesTask) {
        const Address task = memory_.pointer(callback + offset(waiter_task));
        if (byte(task + offset(ready_kind)) == static_cast<std::uint8_t>(Kind::task))
            into.push_back({task, true, true});
        return;
    }
    const std::vector<std::string>& classes = types_.classes_of(callback);
    const auto is = [&](const char* name) { return Types::is(classes, name); };
    const Address member = memory_.pointer(callback + offset(callback_bytes));  // the first one
    const auto add_future = [&](Address object, bool waits) {
        if (object) into.push_back({object + offset(object_future), false, waits});
    };
    if (is("N3aio6detail10GatherBase5WatchE")) {
        add_future(memory_.pointer(member + offset(gather_outer)), true);
    } else if (is("N3aio9TaskGroup6MemberE")) {
        const Address parent = memory_.pointer(member + offset(group_parent));
        if (parent) into.push_back({parent, true, false, member});
    } else if (is("N3aio6detail10ShieldBaseE")) {
        add_future(member, true);
    } else if (is("N3aio6detail12_GLOBAL__N_112WaitCallbackE")) {
        const auto until = memory_.get<std::uint32_t>(member + kFirstMember + sizeof(std::uint64_t));
        add_future(memory_.pointer(member), until == 0);  // ReturnWhen::all_completed
    } else if (is("N3aio6detail10DoneSignalE")) {
        add_future(member, false);
    } else if (is("N3aio6detail12_GLOBAL__N_15RelayE") && depth < kMostRelays) {
        add_holder(member, into, depth + 1);
    }
}

// Follows the futures in between to the tasks behind them. What a future leads to is found once.
void WindowReader::link(Snapshot& snapshot) {
    std::unordered_map<Address, std::uint32_t> indexes;
    for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) indexes.emplace(snapshot.tasks[i].address, i);
    std::unordered_map<Address, std::vector<Holder>> behind;  // a future: the tasks
    for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
        std::vector<Holder> holders = holders_of(snapshot.tasks[i].address);
        const auto direct = std::all_of(holders.begin(), holders.end(), [](const Holder& each) { return each.task; });
        if (direct) {
            link_one(i, snapshot, indexes, holders);
            continue;
        }
        std::vector<Holder> found;
        for (const Holder& holder : holders) {
            if (holder.task) {
                found.push_back(holder);
                continue;
            }
            const auto [entry, added] = behind.try_emplace(holder.address);
            if (added) {
                std::vector<Holder> all{holder};
                std::unordered_set<Address> seen{holder.address};
                for (std::size_t at = 0; at < all.size(); ++at) {
                    const Holder from = all[at];
                    for (Holder next : from.task ? std::vector<Holder>() : holders_of(from.address)) {
                        next.waits = next.waits && from.waits;
                        if (seen.insert(next.address).second) all.push_back(next);
                    }
                }
                std::erase_if(all, [](const Holder& each) { return !each.task; });
                entry->second = std::move(all);
            }
            found.insert(found.end(), entry->second.begin(), entry->second.end());
        }
        link_one(i, snapshot, indexes, found);
    }
}

void WindowReader::link_one(std::uint32_t at, Snapshot& snapshot,
                            const std::unordered_map<Address, std::uint32_t>& indexes,
                            const std::vector<Holder>& holders) {
    std::vector<TaskInfo::Awaiter>& awaiters = snapshot.tasks[at].awaited_by;
    for (const Holder& holder : holders) {
        const auto found = indexes.find(holder.address);
        if (found == indexes.end()) continue;
        const bool waits = holder.waits || (holder.group && snapshot.tasks[found->second].awaits == holder.group);
        const auto same = std::find_if(awaiters.begin(), awaiters.end(),
                                       [&](const TaskInfo::Awaiter& other) { return other.task == found->second; });
        if (same == awaiters.end()) {
            awaiters.push_back({found->second, waits});
        } else {
            same->waits = same->waits || waits;
        }
    }
}

}  // namespace aio::debug
