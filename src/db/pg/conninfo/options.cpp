// The names of connection options, their environment variables, and what becomes of unknown names. Values: resolve.cpp.
#include "db/pg/conninfo/options.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace aio::pg::conninfo {

namespace {

constexpr std::array kOptions = std::to_array<KnownOption>({
    {"application_name", "PGAPPNAME"},
    {"channel_binding", "PGCHANNELBINDING"},
    {"client_encoding", "PGCLIENTENCODING"},
    {"connect_timeout", "PGCONNECT_TIMEOUT"},
    {"dbname", "PGDATABASE"},
    {"fallback_application_name", ""},
    {"gssdelegation", "PGGSSDELEGATION"},
    {"gssencmode", "PGGSSENCMODE"},
    {"gsslib", "PGGSSLIB"},
    {"host", "PGHOST"},
    {"hostaddr", "PGHOSTADDR"},
    {"keepalives", ""},
    {"keepalives_count", ""},
    {"keepalives_idle", ""},
    {"keepalives_interval", ""},
    {"krbsrvname", "PGKRBSRVNAME"},
    {"load_balance_hosts", "PGLOADBALANCEHOSTS"},
    {"max_protocol_version", "PGMAXPROTOCOLVERSION"},
    {"min_protocol_version", "PGMINPROTOCOLVERSION"},
    {"options", "PGOPTIONS"},
    {"passfile", "PGPASSFILE"},
    {"password", "PGPASSWORD"},
    {"port", "PGPORT"},
    {"replication", ""},
    {"require_auth", "PGREQUIREAUTH"},
    {"requirepeer", "PGREQUIREPEER"},
    {"service", "PGSERVICE"},
    {"servicefile", "PGSERVICEFILE"},
    {"ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"},
    {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"},
    {"sslcert", "PGSSLCERT"},
    {"sslcertmode", "PGSSLCERTMODE"},
    {"sslcompression", "PGSSLCOMPRESSION"},
    {"sslcrl", "PGSSLCRL"},
    {"sslcrldir", "PGSSLCRLDIR"},
    {"sslkey", "PGSSLKEY"},
    {"sslmode", "PGSSLMODE"},
    {"sslnegotiation", "PGSSLNEGOTIATION"},
    {"sslpassword", ""},
    {"sslrootcert", "PGSSLROOTCERT"},
    {"sslsni", "PGSSLSNI"},
    {"target_session_attrs", "PGTARGETSESSIONATTRS"},
    {"tcp_user_timeout", ""},
    {"user", "PGUSER"},
});
static_assert(std::ranges::is_sorted(kOptions, {}, &KnownOption::name));

// Settings of the server that have variables of their own (section 34.15).
constexpr KnownOption kSettings[] = {{"datestyle", "PGDATESTYLE"}, {"timezone", "PGTZ"}, {"geqo", "PGGEQO"}};

// The number of letters to insert, remove or replace. Source: Wagner and Fischer, 1974.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

// Whether two neighbours changed places: hots for host.
bool is_transposed(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    const std::size_t i = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] && a.substr(i + 2) == b.substr(i + 2);
}

std::string_view nearest_option(std::string_view name) {
    for (const KnownOption& each : kOptions) {
        const std::size_t most = each.name.size() < 8 ? 1 : 2;
        if (distance(each.name, name) <= most || is_transposed(each.name, name)) return each.name;
    }
    return {};
}

bool is_setting_name(std::string_view name) noexcept {
    return !name.empty() && name.size() < 64 &&
           std::ranges::all_of(
               name,
               [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                          c == '.';
               });
}

}  // namespace

std::span<const KnownOption> known_options() noexcept { return kOptions; }

bool is_known_option(std::string_view name) noexcept {
    return std::ranges::binary_search(kOptions, name, {}, &KnownOption::name);
}

bool is_secret(std::string_view name) noexcept { return name == "password" || name == "sslpassword"; }

void set_option(Options& options, std::string_view name, std::string value) {
    if (!is_known_option(name)) {
        // What is no name may be a piece of a password, so it is not repeated.
        if (!is_setting_name(name))
            throw ConninfoError("the name of a connection option has letters, digits and _ only");
        if (const std::string_view nearest = nearest_option(name); !nearest.empty()) {
            throw ConninfoError("there is no connection option " + std::string(name) + "; did you mean " +
                                std::string(nearest) + "?");
        }
    }
    if (value.find('\0') != value.npos) {
        throw ConninfoError("the connection option " + std::string(name) + " has a NUL byte");
    }
    options.insert_or_assign(std::string(name), std::move(value));
}

Options options_of_environment(const Environment& environment) {
    Options options;
    const auto take = [&](const KnownOption& option) {
        const auto found = environment.find(option.variable);
        if (!option.variable.empty() && found != environment.end()) options.emplace(option.name, found->second);
    };
    std::ranges::for_each(kOptions, take);
    std::ranges::for_each(kSettings, take);
    // The old name of sslmode=require.
    if (const auto found = environment.find("PGREQUIRESSL");
        found != environment.end() && found->second.starts_with('1')) {
        options.emplace("sslmode", "require");
    }
    return options;
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlanks = " \t\n\r\v\f";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

void add_missing(Options& options, const Options& others) { options.insert(others.begin(), others.end()); }

}  // namespace aio::pg::conninfo
