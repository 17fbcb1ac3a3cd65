// Responses as exceptions: a handler, or a function that it calls, ends the request with one
// (aiohttp.web.HTTPException).
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
// Middlewares may catch them; one that is not caught becomes the response. Without a text the body is "404: Not Found".
// Source: aiohttp 3.11 web_exceptions.py.
#pragma once

#include <aio/base/error.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/server/response.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::http {

// A response that is thrown: aiohttp.web.HTTPException.
class HTTPException : public Error {
public:
    // `text`: the body; empty: "<status>: <reason>".
    explicit HTTPException(int status, IntoString text = "");

    // The status of the response.
    int status() const noexcept { return response_->status(); }
    // The response, which may be changed before the throw, or by a middleware. Copies of an exception share it.
    Response& response() const noexcept { return *response_; }
    Headers& headers() const noexcept { return response_->headers(); }

private:
    std::shared_ptr<Response> response_;
};

// The base of the statuses 2xx.
class HTTPSuccessful : public HTTPException {
public:
    using HTTPException::HTTPException;
};
// The base of the statuses 3xx.
class HTTPRedirection : public HTTPException {
public:
    using HTTPException::HTTPException;
};
// The base of the statuses 4xx and 5xx.
class HTTPError : public HTTPException {
public:
    using HTTPException::HTTPException;
};
// The base of the statuses 4xx.
class HTTPClientError : public HTTPError {
public:
    using HTTPError::HTTPError;
};
// The base of the statuses 5xx.
class HTTPServerError : public HTTPError {
public:
    using HTTPError::HTTPError;
};

// The base of redirects with a location. Characters that a URL may not contain are quoted ("/é x" is sent as
// "/%C3%A9%20x"); "%" stays. Errors: ValueError for a location that is empty or that a header cannot contain.
class HTTPMove : public HTTPRedirection {
public:
    // `location`: a URL or a path.
    HTTPMove(int status, std::string_view location, IntoString text = "");
    // The value of the header Location, quoted.
    std::string_view location() const noexcept { return response().headers().get("Location", ""); }
};

namespace detail {

// header() for each class, which keeps its type in `throw HTTPUnauthorized().header(...)`.
template <class Exception>
class HeaderSetter {
public:
    // response().header(name, value). Result: the exception itself. Errors: as Headers::set().
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

// aiohttp.web's exceptions of these names. The argument of the constructor is the text of the body, for redirects after
// the location: `throw HTTPNotFound("no such user")`, `throw HTTPFound("/login")`.
using HTTPOk = detail::HTTPStatus<200>;
using HTTPCreated = detail::HTTPStatus<201>;
using HTTPAccepted = detail::HTTPStatus<202>;
using HTTPNonAuthoritativeInformation = detail::HTTPStatus<203>;
using HTTPNoContent = detail::HTTPStatus<204>;
using HTTPResetContent = detail::HTTPStatus<205>;
using HTTPPartialContent = detail::HTTPStatus<206>;

// 3xx: with a location, except HTTPNotModified.
using HTTPMultipleChoices = detail::HTTPMoveStatus<300>;
using HTTPMovedPermanently = detail::HTTPMoveStatus<301>;
using HTTPFound = detail::HTTPMoveStatus<302>;
using HTTPSeeOther = detail::HTTPMoveStatus<303>;
using HTTPNotModified = detail::HTTPStatus<304>;
using HTTPUseProxy = detail::HTTPMoveStatus<305>;
using HTTPTemporaryRedirect = detail::HTTPMoveStatus<307>;
using HTTPPermanentRedirect = detail::HTTPMoveStatus<308>;

// 4xx and 5xx; 405, 413 and 451 are classes below.
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

// 405, with the header Allow: aiohttp.web.HTTPMethodNotAllowed.
class HTTPMethodNotAllowed : public HTTPClientError, public detail::HeaderSetter<HTTPMethodNotAllowed> {
public:
    // `allowed`: "GET, HEAD".
    HTTPMethodNotAllowed(std::string_view method, std::string_view allowed, IntoString text = "");
};

// 413: the body is larger than client_max_size.
class HTTPRequestEntityTooLarge : public HTTPClientError, public detail::HeaderSetter<HTTPRequestEntityTooLarge> {
public:
    // Both in bytes; actual_size: the part that is known.
    HTTPRequestEntityTooLarge(std::uint64_t max_size, std::uint64_t actual_size, IntoString text = "");
};

// 451, with the header Link: aiohttp.web.HTTPUnavailableForLegalReasons.
class HTTPUnavailableForLegalReasons : public HTTPClientError,
                                       public detail::HeaderSetter<HTTPUnavailableForLegalReasons> {
public:
    // `link`: the URL of the authority that demanded it, or empty.
    explicit HTTPUnavailableForLegalReasons(std::string_view link, IntoString text = "");
};

// The body of the request is incomplete or badly encoded. The response, if one can still be sent, is 400.
class RequestPayloadError : public HTTPClientError {
public:
    // The text of the response is "400: <problem>".
    explicit RequestPayloadError(const std::string& problem) : HTTPClientError(400, "400: " + problem) {}
};

}  // namespace aio::http
