// Statuses as exceptions, with the response that each carries.
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/status.hpp>

#include "http/wire/percent.hpp"
#include "http/wire/syntax.hpp"

#include <string>

namespace aio::http {

namespace {

// What may stand in a URL, "%" too: what is quoted already stays as it is.
constexpr wire::CharSet kURLChars = wire::kQueryChars.with("#[]%");

std::string status_line(int status) { return std::to_string(status) + ": " + std::string(reason_phrase(status)); }

}  // namespace

HTTPException::HTTPException(int status, IntoString text)
    : Error(text.str().empty() ? status_line(status) : text.str()), response_(std::make_shared<Response>(status)) {
    if (has_no_body(status) || status == 205) return;
    response_->set_content_type("text/plain; charset=utf-8");
    response_->set_body(text.str().empty() ? status_line(status) : std::move(text).str());
}

HTTPMove::HTTPMove(int status, std::string_view location, IntoString text)
    : HTTPRedirection(status, std::move(text)) {
    if (location.empty()) throw ValueError("a redirect needs a location");
    // Line ends are refused by header(); they are no part of a URL that was not quoted.
    response().header("Location",
                      wire::is_field_value(location) ? wire::quote(location, kURLChars) : std::string(location));
}

HTTPMethodNotAllowed::HTTPMethodNotAllowed(std::string_view method, std::string_view allowed, IntoString text)
    : HTTPClientError(405, std::move(text)) {
    static_cast<void>(method);
    response().header("Allow", allowed);
}

HTTPRequestEntityTooLarge::HTTPRequestEntityTooLarge(std::uint64_t max_size, std::uint64_t actual_size,
                                                     IntoString text)
    : HTTPClientError(413, text.str().empty() ? "Maximum request body size " + std::to_string(max_size) +
                                                    " exceeded, actual body size " + std::to_string(actual_size)
                                              : std::move(text).str()) {}

HTTPUnavailableForLegalReasons::HTTPUnavailableForLegalReasons(std::string_view link, IntoString text)
    : HTTPClientError(451, std::move(text)) {
    if (!link.empty()) response().header("Link", "<" + std::string(link) + ">; rel=\"blocked-by\"");
}

}  // namespace aio::http
