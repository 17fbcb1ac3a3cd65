// The constructors that compose a message: InvalidURL's and ClientResponseError's. The other client errors are inline
// in errors.hpp; client/run_request.cpp and client/response_state.cpp attach the request to an error.
#include <aio/http/errors.hpp>

#include "http/wire/syntax.hpp"

namespace aio::http {

InvalidURL::InvalidURL(std::string_view url, std::string_view problem)
    : ClientError("the URL '" + wire::printable(url) + "': " + std::string(problem)), url_(url) {}

ClientResponseError::ClientResponseError(int status, std::string_view message, std::shared_ptr<const Headers> headers)
    : ClientError(std::to_string(status) + " " + std::string(message)),
      status_(status),
      message_(message),
      headers_(std::move(headers)) {}

}  // namespace aio::http
