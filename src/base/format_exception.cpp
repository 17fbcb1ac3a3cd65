// Errors in several lines: tracebacks, and groups as trees. Source: TracebackException, CPython 3.13 traceback.py.
#include <aio/base/exception_group.hpp>
#include <aio/base/format_exception.hpp>

#include "base/describe.hpp"

#include <algorithm>

namespace aio {

namespace {

constexpr std::size_t kMostOfAGroup = 15;
constexpr int kMostLevels = 10;

using Traceback = std::vector<std::source_location>;

// `text` with `margin` in front of each line.
std::string indented(const std::string& text, const std::string& margin) {
    std::string result = margin;
    for (const char letter : text) {
        result += letter;
        if (letter == '\n') result += margin;
    }
    return result;
}

std::string format(const std::exception_ptr& error, const Traceback& traceback, int level);

// The lines between and behind the errors of a group.
std::string ruler(const char* corner, const std::string& title) {
    constexpr std::size_t kWidth = 16;
    return corner + std::string(kWidth, '-') + title + std::string(kWidth, '-');
}

std::string format_members(const ExceptionGroup& group, int level) {
    const std::size_t all = group.exceptions().size();
    const std::size_t shown = std::min(all, kMostOfAGroup);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        text += "\n" + ruler(i == 0 ? "+-+" : "  +", " " + std::to_string(i + 1) + " ");
        text += "\n" + indented(format(group.exceptions()[i], group.traceback(i), level + 1), "  | ");
    }
    if (shown < all) {
        text += "\n" + ruler("  +", " ... ") + "\n  | and " + std::to_string(all - shown) + " more exception" +
                (all - shown == 1 ? "" : "s");
    }
    return text + "\n" + ruler("  +", "----");
}

std::string format(const std::exception_ptr& error, const Traceback& traceback, int level) {
    const ExceptionGroup* group = error ? detail::as_group(error) : nullptr;
    std::string text;
    if (!traceback.empty()) {
        text = std::string(group ? "Exception Group Traceback" : "Traceback") +
               " (most recent call last):" + detail::describe_traceback(traceback) + "\n";
    }
    if (!group) return text + detail::describe_exception(error);
    text += "aio::ExceptionGroup: " + group->headline();
    if (level == kMostLevels) return text + "\n... (more than " + std::to_string(kMostLevels) + " levels)";
    return indented(text, "| ") + format_members(*group, level);
}

}  // namespace

std::string what(const std::exception_ptr& error) {
    if (!error) return "";
    std::string message = detail::message_of(error);
    const std::type_info* type = error.__cxa_exception_type();
    return message.empty() && type ? detail::describe_type(*type) : message;
}

std::string format_exception(const std::exception_ptr& error, const std::vector<std::source_location>& traceback) {
    return format(error, traceback, 0);
}

}  // namespace aio
