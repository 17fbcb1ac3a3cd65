// Connection options by name, before they are checked.
#pragma once

#include <aio/base/error.hpp>

#include <map>
#include <string>
#include <string_view>

namespace aio::mysql::conninfo {

// Name and value. An empty value means the default.
using Options = std::map<std::string, std::string, std::less<>>;

// An option, or the text that it is in, is wrong. Passwords are not in the message.
class ConninfoError : public ValueError {
public:
    using ValueError::ValueError;
};

// The name as it is kept: underscores for hyphens, and one name for each thing. Empty: no option of ours.
std::string canonical_name(std::string_view name);

// Sets an option; the last of several counts. Errors: ConninfoError for an unknown one.
void set_option(Options& options, std::string_view name, std::string value);

// Copies what `options` does not have yet.
void add_missing(Options& options, const Options& others);

// The text without the blanks around it.
std::string_view trim(std::string_view text) noexcept;

}  // namespace aio::mysql::conninfo
