// Responses that are thrown: a handler, or whatever it calls, ends the request with one (aiohttp.web.HTTPException).
//
//     if (!user) throw aio::http::HTTPNotFound("no such user");
//     throw aio::http::HTTPFound("/login");
//     throw aio::http::HTTPUnauthorized().header("WWW-Authenticate", "Basic");
//
//   aio::Error
//     HTTPException                    status(), response()
//       HTTPSuccessful                 2xx: HTTPOk, HTTPCreated...
//       HTTPRedirection                3xx: HTTPNotModified
//         HTTPMove                     with a location: HTTPMovedPermanently, HTTPFound, HTTPSeeOther...
//       HTTPError
//         HTTPClientError              4xx: HTTPBadRequest, HTTPNotFound...
//         HTTPServerError              5xx: HTTPServiceUnavailable...
//
// They pass through middlewares as exceptions do; what nobody catches becomes the response. Without a text the body
// reads "404: Not Found". Source: aiohttp 3.11 web_exceptions.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/response.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::http {

class HTTPException : public Error {
public:
    // `text`: the body; empty: "<status>: <reason>".
    explicit HTTPException(int status, IntoString text = "");

    int status() const noexcept { return response_->status(); }
    // What will be sent: to be changed before it is thrown, or by a middleware. Copies of an exception share it.
    Response& response() const noexcept { return *response_; }
    Headers& headers() const noexcept { return response_->headers(); }

private:
    std::shared_ptr<Response> response_;
};

class HTTPSuccessful : public HTTPException {
public:
    using HTTPException::HTTPException;
};
class HTTPRedirection : public HTTPException {
public:
    using HTTPException::HTTPException;
};
class HTTPError : public HTTPException {
public:
    using HTTPException::HTTPException;
};
class HTTPClientError : public HTTPError {
public:
    using HTTPError::HTTPError;
};
class HTTPServerError : public HTTPError {
public:
    using HTTPError::HTTPError;
};

// What may not stand in a URL is quoted in the location ("/é x" is sent as "/%C3%A9%20x"); "%" stays.
// Errors: ValueError for a location that is empty or cannot stand in a header.
class HTTPMove : public HTTPRedirection {
public:
    HTTPMove(int status, std::string_view location, IntoString text = "");
    std::string_view location() const noexcept { return response().headers().get("Location", ""); }
};

namespace detail {

// Sets a header of the response, and keeps the exception's type: what is thrown is what was made.
template <class Exception>
class HeaderSetter {
public:
    Exception& header(std::string_view name, std::string_view value) & {
        Exception& self = static_cast<Exception&>(*this);
        self.response().header(name, value);
        return self;
    }
    Exception&& header(std::string_view name, std::string_view value) && { return std::move(header(name, value)); }
};

template <int Status>
using StatusClass =
    std::conditional_t<(Status < 300), HTTPSuccessful,
                       std::conditional_t<(Status < 400), HTTPRedirection,
                                          std::conditional_t<(Status < 500), HTTPClientError, HTTPServerError>>>;

template <int Status>
class HTTPStatus : public StatusClass<Status>, public HeaderSetter<HTTPStatus<Status>> {
public:
    explicit HTTPStatus(IntoString text = "") : StatusClass<Status>(Status, std::move(text)) {}
};

template <int Status>
class HTTPMoveStatus : public HTTPMove, public HeaderSetter<HTTPMoveStatus<Status>> {
public:
    explicit HTTPMoveStatus(std::string_view location, IntoString text = "")
        : HTTPMove(Status, location, std::move(text)) {}
};

}  // namespace detail

using HTTPOk = detail::HTTPStatus<200>;
using HTTPCreated = detail::HTTPStatus<201>;
using HTTPAccepted = detail::HTTPStatus<202>;
using HTTPNonAuthoritativeInformation = detail::HTTPStatus<203>;
using HTTPNoContent = detail::HTTPStatus<204>;
using HTTPResetContent = detail::HTTPStatus<205>;
using HTTPPartialContent = detail::HTTPStatus<206>;

using HTTPMultipleChoices = detail::HTTPMoveStatus<300>;
using HTTPMovedPermanently = detail::HTTPMoveStatus<301>;
using HTTPFound = detail::HTTPMoveStatus<302>;
using HTTPSeeOther = detail::HTTPMoveStatus<303>;
using HTTPNotModified = detail::HTTPStatus<304>;
using HTTPUseProxy = detail::HTTPMoveStatus<305>;
using HTTPTemporaryRedirect = detail::HTTPMoveStatus<307>;
using HTTPPermanentRedirect = detail::HTTPMoveStatus<308>;

using HTTPBadRequest = detail::HTTPStatus<400>;
using HTTPUnauthorized = detail::HTTPStatus<401>;
using HTTPPaymentRequired = detail::HTTPStatus<402>;
using HTTPForbidden = detail::HTTPStatus<403>;
using HTTPNotFound = detail::HTTPStatus<404>;
using HTTPNotAcceptable = detail::HTTPStatus<406>;
using HTTPProxyAuthenticationRequired = detail::HTTPStatus<407>;
using HTTPRequestTimeout = detail::HTTPStatus<408>;
using HTTPConflict = detail::HTTPStatus<409>;
using HTTPGone = detail::HTTPStatus<410>;
using HTTPLengthRequired = detail::HTTPStatus<411>;
using HTTPPreconditionFailed = detail::HTTPStatus<412>;
using HTTPRequestURITooLong = detail::HTTPStatus<414>;
using HTTPUnsupportedMediaType = detail::HTTPStatus<415>;
using HTTPRequestRangeNotSatisfiable = detail::HTTPStatus<416>;
using HTTPExpectationFailed = detail::HTTPStatus<417>;
using HTTPMisdirectedRequest = detail::HTTPStatus<421>;
using HTTPUnprocessableEntity = detail::HTTPStatus<422>;
using HTTPFailedDependency = detail::HTTPStatus<424>;
using HTTPUpgradeRequired = detail::HTTPStatus<426>;
using HTTPPreconditionRequired = detail::HTTPStatus<428>;
using HTTPTooManyRequests = detail::HTTPStatus<429>;
using HTTPRequestHeaderFieldsTooLarge = detail::HTTPStatus<431>;
using HTTPInternalServerError = detail::HTTPStatus<500>;
using HTTPNotImplemented = detail::HTTPStatus<501>;
using HTTPBadGateway = detail::HTTPStatus<502>;
using HTTPServiceUnavailable = detail::HTTPStatus<503>;
using HTTPGatewayTimeout = detail::HTTPStatus<504>;
using HTTPVersionNotSupported = detail::HTTPStatus<505>;
using HTTPVariantAlsoNegotiates = detail::HTTPStatus<506>;
using HTTPInsufficientStorage = detail::HTTPStatus<507>;
using HTTPNotExtended = detail::HTTPStatus<510>;
using HTTPNetworkAuthenticationRequired = detail::HTTPStatus<511>;

// 405, with Allow.
class HTTPMethodNotAllowed : public HTTPClientError, public detail::HeaderSetter<HTTPMethodNotAllowed> {
public:
    // `allowed`: "GET, HEAD".
    HTTPMethodNotAllowed(std::string_view method, std::string_view allowed, IntoString text = "");
};

// 413: the body is larger than client_max_size.
class HTTPRequestEntityTooLarge : public HTTPClientError, public detail::HeaderSetter<HTTPRequestEntityTooLarge> {
public:
    // Both in bytes; actual_size: as far as it is known.
    HTTPRequestEntityTooLarge(std::uint64_t max_size, std::uint64_t actual_size, IntoString text = "");
};

// 451; `link` says who demanded it, and may be empty.
class HTTPUnavailableForLegalReasons : public HTTPClientError,
                                       public detail::HeaderSetter<HTTPUnavailableForLegalReasons> {
public:
    explicit HTTPUnavailableForLegalReasons(std::string_view link, IntoString text = "");
};

// The request's body broke: the connection ended within it, or it is badly encoded. 400 where it can be answered.
class RequestPayloadError : public HTTPClientError {
public:
    explicit RequestPayloadError(const std::string& problem) : HTTPClientError(400, "400: " + problem) {}
};

}  // namespace aio::http
