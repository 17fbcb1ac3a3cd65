// DigestAuthMiddleware. Source: RFC 7616; for the fields, section 3.3 (challenge) and 3.4 (answer).
#include <aio/http/client/client_middleware.hpp>

#include <aio/base/error.hpp>
#include <aio/http/errors.hpp>

#include "http/client/crypto.hpp"
#include "http/client/response_state.hpp"
#include "http/wire/parameters.hpp"
#include "http/wire/random.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

namespace aio::http {

namespace {

using wire::quoted;

struct Challenge {
    std::string realm, nonce, opaque, algorithm;
    std::string digest;  // as OpenSSL calls it
    bool session = false;
    bool has_opaque = false;
    bool auth = false, auth_int = false;  // qop; neither: RFC 2069
    bool stale = false;
    std::string origin;  // that asked
    unsigned count = 0;  // of answers with this nonce

    Challenge() = default;
    // Whether the answer is about the body, too.
    bool needs_body() const noexcept { return auth_int && !auth; }
};

std::string_view digest_named(std::string_view algorithm) noexcept {
    if (wire::equal_ignoring_case(algorithm, "MD5")) return "MD5";
    if (wire::equal_ignoring_case(algorithm, "SHA-256")) return "SHA256";
    if (wire::equal_ignoring_case(algorithm, "SHA-512-256")) return "SHA512-256";
    return {};
}

// The parameters of each Digest challenge in a header that may hold several ("Basic realm=x, Digest a=b, c=d"), in the
// syntax of parameters: "; a=b; c=d". A challenge begins where a token is followed by a space and no "=".
std::vector<std::string> digest_challenges(std::string_view header) {
    std::vector<std::string> all;
    bool in_digest = false;
    while (!header.empty()) {
        bool quoted = false;
        std::size_t at = 0;
        for (; at < header.size() && (quoted || header[at] != ','); ++at) {
            if (quoted && header[at] == '\\') {
                ++at;
            } else if (header[at] == '"') {
                quoted = !quoted;
            }
        }
        std::string_view item = wire::trimmed(header.substr(0, at));
        header.remove_prefix(std::min(header.size(), at + 1));
        const std::size_t space = item.find(' ');
        const bool begins = wire::is_token(item.substr(0, space)) &&
                            (space == std::string_view::npos || !wire::trimmed(item.substr(space)).starts_with('='));
        if (begins) {
            in_digest = wire::equal_ignoring_case(item.substr(0, space), "digest");
            if (in_digest) all.emplace_back();
            item = space == std::string_view::npos ? std::string_view() : wire::trimmed(item.substr(space));
        }
        if (in_digest && !item.empty()) all.back().append("; ").append(item);
    }
    return all;
}

// Nothing if it cannot be answered.
std::optional<Challenge> parse_challenge(std::string_view parameters) {
    const std::optional<wire::Parameters> found = wire::parse_parameters(parameters);
    if (!found) return std::nullopt;
    const auto value = [&](std::string_view name) { return wire::parameter(*found, name); };
    Challenge challenge;
    challenge.realm = value("realm");
    challenge.nonce = value("nonce");
    challenge.opaque = value("opaque");
    challenge.has_opaque = value("opaque").data() != nullptr;
    challenge.algorithm = value("algorithm").empty() ? "MD5" : value("algorithm");
    std::string_view base = challenge.algorithm;
    if (base.size() > 5 && wire::equal_ignoring_case(base.substr(base.size() - 5), "-sess")) {
        challenge.session = true;
        base.remove_suffix(5);
    }
    challenge.digest = digest_named(base);
    challenge.auth = wire::list_has(value("qop"), "auth");
    challenge.auth_int = wire::list_has(value("qop"), "auth-int");
    challenge.stale = wire::equal_ignoring_case(value("stale"), "true");
    const bool known_qop = value("qop").empty() || challenge.auth || challenge.auth_int;
    if (challenge.nonce.empty() || challenge.digest.empty() || !known_qop) return std::nullopt;
    return challenge;
}

// The first that we can answer: servers name what they prefer first, and what all clients know last (RFC 7616 section
// 3.7). auth-int needs a body that can be had.
std::optional<Challenge> choose_challenge(std::string_view header, const OutgoingRequest& request) {
    for (const std::string& parameters : digest_challenges(header)) {
        std::optional<Challenge> challenge = parse_challenge(parameters);
        if (challenge && (!challenge->needs_body() || request.text())) return challenge;
    }
    return std::nullopt;
}

// Whether `now`, which came as the answer to `before`'s, says that the credentials are wrong.
bool refuses(const Challenge& now, const Challenge& before) noexcept {
    return !now.stale && now.nonce == before.nonce && now.realm == before.realm && now.algorithm == before.algorithm;
}

}  // namespace

class DigestAuthMiddleware::State {
public:
    State(std::string login, std::string password, bool preemptive)
        : preemptive(preemptive), login_(std::move(login)), password_(std::move(password)) {
        if (login_.find(':') != std::string::npos)
            throw ValueError("DigestAuthMiddleware: A \":\" is not allowed in login");
    }

    // The Authorization for this request. Nothing: the challenge wants what cannot be had (the digest of a stream).
    std::optional<std::string> answer(Challenge& challenge, const OutgoingRequest& request) const {
        const bool integrity = challenge.needs_body();
        const std::optional<std::string_view> body = request.text();
        if (integrity && !body) return std::nullopt;
        const auto hash = [&](const std::string& text) { return detail::hex_digest(challenge.digest.c_str(), text); };
        const std::string cnonce = wire::random_hex(8);
        char count[9];
        std::snprintf(count, sizeof count, "%08x", ++challenge.count);
        const std::string uri = request.url.path_qs();
        std::string secret = hash(login_ + ":" + challenge.realm + ":" + password_);
        if (challenge.session) secret = hash(secret + ":" + challenge.nonce + ":" + cnonce);
        std::string what = request.method + ":" + uri;
        if (integrity) what += ":" + hash(std::string(*body));
        const std::string qop = challenge.auth ? "auth" : integrity ? "auth-int" : "";
        const std::string middle = qop.empty() ? "" : std::string(count) + ":" + cnonce + ":" + qop + ":";
        const std::string response = hash(secret + ":" + challenge.nonce + ":" + middle + hash(what));
        std::string text = "Digest username=" + quoted(login_) + ", realm=" + quoted(challenge.realm) +
                           ", nonce=" + quoted(challenge.nonce) + ", uri=" + quoted(uri) + ", response=\"" +
                           response + "\", algorithm=" + challenge.algorithm;
        if (challenge.has_opaque) text += ", opaque=" + quoted(challenge.opaque);
        if (!qop.empty()) text += ", qop=" + qop + ", nc=" + count + ", cnonce=\"" + cnonce + "\"";
        return text;
    }

    const bool preemptive;
    std::map<std::string, Challenge> challenges;  // by origin

private:
    std::string login_, password_;
};

DigestAuthMiddleware::DigestAuthMiddleware(std::string login, std::string password, bool preemptive)
    : state_(std::make_shared<State>(std::move(login), std::move(password), preemptive)) {}

// A plain function, so that the object may be gone when the coroutine runs.
namespace {
Coro<ClientResponse> authenticate(std::shared_ptr<DigestAuthMiddleware::State> state, OutgoingRequest& request,
                                  ClientHandler next) {
    const std::string origin = request.url.origin().str();
    const auto known = state->challenges.find(origin);
    bool answered = false;
    if (state->preemptive && known != state->challenges.end()) {
        if (const auto authorization = state->answer(known->second, request)) {
            request.headers.set("Authorization", *authorization);
            answered = true;
        }
    }
    ClientResponse response = co_await next(request);
    // A redirect to another origin comes here again, as another request: only the origin that asked gets credentials.
    if (response.status() != 401 || !request.hop().credentials_apply) co_return response;
    std::optional<Challenge> challenge = choose_challenge(response.headers().combined("WWW-Authenticate"), request);
    if (!challenge || (answered && refuses(*challenge, known->second))) co_return response;
    const std::optional<std::string> authorization = state->answer(*challenge, request);
    if (!authorization || !request.repeatable()) co_return response;
    request.headers.set("Authorization", *authorization);
    state->challenges.insert_or_assign(origin, *std::move(challenge));
    co_await detail::drain_or_give_up(response.state());
    co_return co_await next(request);
}
}  // namespace

Coro<ClientResponse> DigestAuthMiddleware::operator()(OutgoingRequest& request, ClientHandler next) const {
    return authenticate(state_, request, std::move(next));
}

}  // namespace aio::http
