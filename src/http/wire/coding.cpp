// The names of content codings, and the choice of one by Accept-Encoding. Nothing is compressed here: decoder.cpp has
// Decoder and Encoder; coding_zlib.cpp, coding_brotli.cpp and coding_zstd.cpp call the libraries.
#include "http/wire/coding.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>
#include <array>

namespace aio::http::wire {

namespace {

constexpr std::array kNames = {std::string_view("identity"), std::string_view("gzip"), std::string_view("deflate"),
                               std::string_view("br"), std::string_view("zstd")};

// Thousandths, as "0.8" has at most three digits (RFC 9110 section 12.4.2). Nothing for what is no weight.
std::optional<int> parse_weight(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    int weight = (text[0] - '0') * 1000;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
        if (!is_digit(text[i])) return std::nullopt;
        weight += (text[i] - '0') * static_cast<int>(unit);
    }
    if (weight > 1000) return std::nullopt;
    return weight;
}

// What an Accept-Encoding says of each coding; -1: nothing.
struct Weights {
    std::array<int, kNames.size()> of = {-1, -1, -1, -1, -1};
    int others = -1;  // "*"

    void read(std::string_view accept_encoding) noexcept {
        while (!accept_encoding.empty()) {
            std::string_view rest = trimmed(take_until(accept_encoding, ','));
            const std::string_view token = trimmed(take_until(rest, ';'));
            rest = trimmed(rest);
            std::optional<int> weight = 1000;
            if (!rest.empty())
                weight = starts_ignoring_case(rest, "q=") ? parse_weight(rest.substr(2)) : std::nullopt;
            if (!weight) continue;
            if (token == "*") {
                others = *weight;
            } else if (const auto coding = parse_coding(token)) {
                of[static_cast<std::size_t>(*coding)] = *weight;
            }
        }
    }
    int weight(Coding coding) const noexcept {
        const int own = of[static_cast<std::size_t>(coding)];
        if (own >= 0) return own;
        // Whoever sends "*" seldom knows all that is meant by it.
        return coding == Coding::gzip ? std::max(others, 0) : 0;
    }
};

}  // namespace

std::optional<Coding> parse_coding(std::string_view token) noexcept {
    if (starts_ignoring_case(token, "x-gzip")) token.remove_prefix(2);  // RFC 9110 section 8.4.1.3
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (equal_ignoring_case(token, kNames[i])) return static_cast<Coding>(i);
    }
    return std::nullopt;
}

std::string_view name(Coding coding) noexcept { return kNames[static_cast<std::size_t>(coding)]; }

std::optional<std::vector<Coding>> parse_codings(std::string_view content_encoding) {
    std::vector<Coding> codings;
    while (!content_encoding.empty()) {
        const std::string_view token = trimmed(take_until(content_encoding, ','));
        if (token.empty()) continue;
        const auto coding = parse_coding(token);
        if (!coding) return std::nullopt;
        if (*coding != Coding::identity) codings.push_back(*coding);
        if (codings.size() > kMostCodings) return std::nullopt;
    }
    return codings;
}

Coding negotiate(std::string_view accept_encoding, std::span<const Coding> offered) noexcept {
    Weights weights;
    weights.read(accept_encoding);
    Coding best = Coding::identity;
    // identity counts only where it is mentioned: it is acceptable anyway, and nobody's first wish.
    int best_weight = std::max(weights.of[0], 0);
    bool chosen = false;
    for (const Coding coding : offered) {
        const int weight = weights.weight(coding);
        if (weight == 0 || weight < best_weight || (chosen && weight == best_weight)) continue;
        best = coding;
        best_weight = weight;
        chosen = true;
    }
    return best;
}

Coding negotiate(std::string_view accept_encoding) noexcept {
    static constexpr std::array kOffered = {Coding::zstd, Coding::brotli, Coding::gzip, Coding::deflate};
    return negotiate(accept_encoding, kOffered);
}

}  // namespace aio::http::wire
