// A request's beginning and end: the target is taken apart here. routing.cpp finds its route; request*.cpp say what handlers
// see of it.
#include "http/server/request_state.hpp"

#include "http/wire/syntax.hpp"

#include <cstddef>
#include <utility>

namespace aio::http::detail {

void RequestExtra::clear() {
    normal_path.clear();
    values.clear();
    allowed_methods.clear();
    query.reset();
    cookies.reset();
    body.reset();
    post.reset();
    remote.clear();
    keys.clear();
    finishers.clear();
}

namespace {

// "host:port" of the target "http://host:port/path", which proxies get and everybody takes; else empty.
std::string_view authority_of(std::string_view target) noexcept {
    if (target.starts_with('/')) return {};
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return {};
    target.remove_prefix(scheme + 3);
    return target.substr(0, target.find_first_of("/?"));
}

// The target's host counts, whatever Host says (RFC 9112 section 3.2.2); an empty path means "/" (RFC 9110 section 4.2.3).
void normalize_absolute_form(wire::Head& head) {
    const std::string_view authority = authority_of(head.target);
    if (authority.empty()) return;
    head.headers.set("Host", authority);
    const auto path = static_cast<std::size_t>(authority.data() + authority.size() - head.target.data());
    if (path == head.target.size() || head.target[path] == '?') head.target.insert(path, 1, '/');
}

}  // namespace

std::string_view path_and_query(std::string_view target) noexcept {
    const std::string_view authority = authority_of(target);
    if (!authority.empty()) target.remove_prefix(static_cast<std::size_t>(authority.end() - target.begin()));
    return target;
}

void RequestState::begin(wire::Head& its_head, Exchange* from, BodySource* body) {
    head = &its_head;
    exchange = from;
    normalize_absolute_form(its_head);
    std::string_view rest = path_and_query(its_head.target);
    raw_path = wire::take_until(rest, '?');
    query = rest;
    has_body = body != nullptr;
    if (body) content = BodyReader(body);
}

void RequestState::end() noexcept {
    if (has_body) content = BodyReader();
    has_body = false;
    if (extra_) extra_->clear();
}

void RequestState::forget_head() noexcept {
    kept_target_ = std::move(head->target);
    query = path_and_query(kept_target_);
    raw_path = wire::take_until(query, '?');
    route_path = {};
    captured = {};
    extra_.reset();
    head = nullptr;
}

RequestExtra& RequestState::extra() {
    if (!extra_) extra_ = std::make_unique<RequestExtra>();
    return *extra_;
}

}  // namespace aio::http::detail
