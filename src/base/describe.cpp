// How types, exceptions and source locations are written in reports; format_exception.cpp combines them.
#include "base/describe.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace aio::detail {

std::string describe_type(const std::type_info& type) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                     &std::free);
    return status == 0 && name ? name.get() : type.name();
}

std::string message_of(const std::exception_ptr& error) {
    AIO_ASSERT(error);
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    } catch (const BaseException& e) {
        return e.what();
    } catch (const char* text) {
        return text;
    } catch (...) {
        return "";
    }
}

std::string describe_exception(const std::exception_ptr& error) {
    if (!error) return "no exception";
    const std::type_info* type = error.__cxa_exception_type();
    const std::string name = type ? describe_type(*type) : "unknown exception";
    const std::string message = message_of(error);
    return message.empty() ? name : name + ": " + message;
}

std::string function_name(const char* pretty) {
    std::string_view text(pretty ? pretty : "");
    // The name ends at the first '(' outside template arguments. g++ writes {anonymous} for an unnamed namespace,
    // clang (anonymous namespace).
    constexpr std::string_view unnamed = "(anonymous namespace)";
    int depth = 0;
    std::size_t end = text.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i);
        if (rest.starts_with(unnamed)) {
            i += unnamed.size() - 1;
            continue;
        }
        if (rest.starts_with("<lambda(") || rest.starts_with("(lambda") || rest.starts_with("(anonymous class)")) {
            return "<lambda>";
        }
        if (text[i] == '<') ++depth;
        if (text[i] == '>') --depth;
        if (text[i] == '(' && depth <= 0) {
            end = i;
            break;
        }
    }
    std::string_view name = text.substr(0, end);
    depth = 0;
    std::size_t start = 0;
    for (std::size_t i = name.size(); i-- > 0;) {
        if (name[i] == '>') ++depth;
        if (name[i] == '<') --depth;
        if (depth == 0 && (name[i] == ':' || name[i] == ' ' || name[i] == '*' || name[i] == '&')) {
            start = i + 1;
            break;
        }
    }
    return std::string(name.substr(start));
}

std::string describe_location(const std::source_location& where) {
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

namespace {

std::string describe_frame(const std::source_location& frame) {
    std::string text = "\n  File \"" + std::string(frame.file_name()) + "\"";
    if (frame.line() != 0) text += ", line " + std::to_string(frame.line());
    return text + ", in " + function_name(frame.function_name());
}

}  // namespace

std::string describe_frames(const std::vector<std::source_location>& frames) {
    std::string text;
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) text += describe_frame(*frame);
    return text;
}

std::string describe_traceback(const std::vector<std::source_location>& frames) {
    if (frames.empty()) return "";
    return describe_frames(frames) + (frames.front().line() != 0 ? " (its last await)" : " (before its first await)");
}

}  // namespace aio::detail
