// Errors in several lines: tracebacks, and groups as trees. Source: TracebackException, CPython 3.13 traceback.py.
#include <aio/base/error.hpp>
#include <aio/base/exception_group.hpp>
#include <aio/base/format_exception.hpp>

#include "base/describe.hpp"

#include <algorithm>
#include <exception>
#include <string_view>
#include <typeinfo>

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

// The error during whose handling `error` was thrown, with std::throw_with_nested(); null if there is none. The cancellation that
// every TimeoutError nests is how it came about, and explains nothing.
std::exception_ptr cause_of(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::nested_exception& outer) {
        const std::exception_ptr cause = outer.nested_ptr();
        const std::type_info* const type = cause ? cause.__cxa_exception_type() : nullptr;
        return type && *type == typeid(CancelledError) ? nullptr : cause;
    } catch (...) {
        return nullptr;
    }
}

// "E: what" of "std::_Nested_exception<E>: what", which libstdc++ makes of an E that is thrown with a cause.
std::string without_wrapper(std::string text) {
    constexpr std::string_view kWrapper = "std::_Nested_exception<";
    if (!text.starts_with(kWrapper)) return text;
    int depth = 1;
    std::size_t end = kWrapper.size();
    for (; end < text.size() && depth > 0; ++end) depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
    return text.substr(kWrapper.size(), end - 1 - kWrapper.size()) + text.substr(end);
}

// The error and its causes, each in a paragraph of its own.
std::string format_with_causes(const std::exception_ptr& error, int level) {
    std::string text = without_wrapper(detail::describe_exception(error));
    if (!error) return text;
    std::exception_ptr cause = cause_of(error);
    for (int causes = 0; cause; ++causes) {
        if (causes == kMostLevels) return text + "\n... (more than " + std::to_string(kMostLevels) + " causes)";
        if (detail::as_group(cause)) return text + "\ncaused by: " + format(cause, {}, level);
        text += "\ncaused by: " + without_wrapper(detail::describe_exception(cause));
        cause = cause_of(cause);
    }
    return text;
}

std::string format(const std::exception_ptr& error, const Traceback& traceback, int level) {
    const ExceptionGroup* group = error ? detail::as_group(error) : nullptr;
    std::string text;
    if (!traceback.empty()) {
        text = std::string(group ? "Exception Group Traceback" : "Traceback") +
               " (most recent call last):" + detail::describe_traceback(traceback) + "\n";
    }
    if (!group) return text + format_with_causes(error, level);
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
