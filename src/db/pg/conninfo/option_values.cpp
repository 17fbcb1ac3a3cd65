// Checking the value of one option. Which options there are: options.cpp.
#include "db/pg/conninfo/option_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace aio::pg::conninfo {

namespace {

constexpr std::array<std::string_view, 7> kMethods = {"password",      "md5",   "gss", "sspi",
                                                      "scram-sha-256", "oauth", "none"};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
}

}  // namespace

bool RequireAuth::allows(std::string_view method) const noexcept {
    return methods.empty() || (std::ranges::find(methods, method) != methods.end()) != negated;
}

void throw_invalid(std::string_view name, std::string_view value, std::string_view allowed) {
    throw ConninfoError("the connection option " + std::string(name) + " is \"" + std::string(value.substr(0, 100)) +
                        "\", but must be " + std::string(allowed));
}

std::string text_value(const Options& options, std::string_view name, std::string_view missing) {
    const auto found = options.find(name);
    return found == options.end() || found->second.empty() ? std::string(missing) : found->second;
}

int parse_int(std::string_view name, std::string_view text, int min, int max) {
    std::string_view digits = trim(text);
    if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
    int result = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc() || end != digits.data() + digits.size() || result < min || result > max) {
        throw_invalid(name, text, "an integer from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return result;
}

int int_value(const Options& options, std::string_view name, int missing, int min, int max) {
    const std::string text = text_value(options, name);
    return text.empty() ? missing : parse_int(name, text, min, max);
}

bool bool_value(const Options& options, std::string_view name, bool missing) {
    const std::string text = text_value(options, name);
    if (text.empty()) return missing;
    if (text != "0" && text != "1") throw_invalid(name, text, "1 or 0");
    return text == "1";
}

std::string choice_value(const Options& options, std::string_view name, std::initializer_list<std::string_view> words,
                         std::string_view missing) {
    std::string text = text_value(options, name, missing);
    if (text == missing || std::ranges::find(words, text) != words.end()) return text;
    std::string list;
    for (const std::string_view each : words) list += (list.empty() ? "one of " : ", ") + std::string(each);
    throw_invalid(name, text, list);
}

std::string tls_version(const Options& options, std::string_view name, std::string_view missing) {
    const std::string text = text_value(options, name);
    if (text.empty()) return std::string(missing);
    for (const std::string_view each : {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}) {
        if (lower(each) == lower(text)) return std::string(each);
    }
    throw_invalid(name, text, "one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3");
}

RequireAuth require_auth_value(const Options& options) {
    const std::string text = text_value(options, "require_auth");
    RequireAuth result;
    if (text.empty()) return result;
    bool first = true;
    for (const std::string_view part : split_list(text)) {
        std::string_view method = trim(part);
        const bool negated = method.starts_with('!');
        if (negated) method.remove_prefix(1);
        if (std::ranges::find(kMethods, method) == kMethods.end()) {
            throw_invalid(
                "require_auth", text,
                "a list of password, md5, gss, sspi, scram-sha-256, oauth, none, or of all of them with ! in "
                "front to forbid them");
        }
        if (!first && negated != result.negated)
            throw_invalid("require_auth", text, "with ! in front of all methods, or of none");
        if (std::ranges::find(result.methods, method) != result.methods.end()) {
            throw_invalid("require_auth", text, "a list that has each method once");
        }
        result.negated = negated;
        result.methods.emplace_back(method);
        first = false;
    }
    return result;
}

Replication replication_value(const Options& options) {
    const std::string text = text_value(options, "replication");
    const std::string word = lower(text);
    const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
        return std::ranges::find(words, word) != words.end();
    };
    if (is_one_of({"", "false", "off", "no", "0"})) return Replication::off;
    if (is_one_of({"true", "on", "yes", "1"})) return Replication::physical;
    if (word == "database") return Replication::logical;
    throw_invalid("replication", text, "true, false or database");
}

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t comma = text.find(',');
        parts.push_back(text.substr(0, comma));
        if (comma == text.npos) return parts;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace aio::pg::conninfo
