// How an Event describes itself. All the rest is inline in the header; wait_list.cpp wakes the waiters.
#include <aio/sync/event.hpp>

namespace aio {

std::string Event::describe() const {
    std::string text = set_ ? "<Event set" : "<Event unset";
    if (!waiters_.empty()) text += ", waiters: " + std::to_string(waiters_.size());
    return text + ">";
}

}  // namespace aio
