// Connection options by name, before they are checked. Source: PostgreSQL 18 manual, sections 34.1.2 (key words) and 34.15
// (environment variables).
#pragma once

#include <aio/base/error.hpp>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aio::pg::conninfo {

// Name and value. An empty value means the default; it keeps the environment's from being used.
using Options = std::map<std::string, std::string, std::less<>>;
using Environment = std::map<std::string, std::string, std::less<>>;

// An option, or the text that it is in, is wrong. Passwords are not in the message.
class ConninfoError : public ValueError {
public:
    using ValueError::ValueError;
};

struct KnownOption {
    std::string_view name;
    std::string_view variable;  // of the environment, or empty
};

// All of libpq's that are not about debugging.
std::span<const KnownOption> known_options() noexcept;
bool is_known_option(std::string_view name) noexcept;
// Whether a value of it must not be printed.
bool is_secret(std::string_view name) noexcept;

// Sets an option; the last of several counts. An unknown one is passed to the server as a setting (search_path...), unless its
// name looks like one of ours with a slip. Errors: ConninfoError.
void set_option(Options& options, std::string_view name, std::string value);

// The options that the environment has variables for.
Options options_of_environment(const Environment& environment);

// The text without the blanks around it.
std::string_view trim(std::string_view text) noexcept;

// Copies what `options` does not have yet.
void add_missing(Options& options, const Options& others);

}  // namespace aio::pg::conninfo
