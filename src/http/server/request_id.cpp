// request_id_middleware(): which ids of clients are taken over, and the context variable.
#include <aio/http/server/request_id.hpp>

#include <aio/base/error.hpp>
#include <aio/http/server/request.hpp>

#include "http/server/request_state.hpp"
#include "http/server/scoped_var.hpp"
#include "http/wire/random.hpp"
#include "http/wire/syntax.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace aio::http {

const ContextVar<std::string> request_id("aio::http::request_id", "");

namespace {

constexpr std::size_t kLongestId = 128;
constexpr std::size_t kRandomBytes = 16;
constexpr wire::CharSet kIdChars = wire::CharSet::letters_and_digits().with("-_.~:/+=@");

bool is_request_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kLongestId && kIdChars.has_all(text);
}

}  // namespace

Middleware request_id_middleware(RequestIdOptions options) {
    if (!wire::is_token(options.header)) {
        throw ValueError("request_id_middleware: '" + wire::printable(options.header) + "' is no name of a header");
    }
    return Middleware([options = std::move(options)](Request& request, Next next) -> Coro<Response> {
        std::string id;
        if (options.trust_client) {
            const std::optional<std::string_view> given = request.headers().get(options.header);
            if (given && is_request_id(*given)) id = *given;
        }
        if (id.empty()) id = wire::random_hex(kRandomBytes);
        const detail::ScopedVar<std::string> scope(request_id, id);
        request.state().add_finisher([header = options.header, id](Headers& headers) { headers.set(header, id); });
        co_return co_await next(request);
    });
}

}  // namespace aio::http
