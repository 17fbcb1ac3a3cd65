// HTTP: the client. <aio/aio.hpp> has the rest of the library.
#pragma once

#include <aio/http/client_session.hpp>
#include <aio/http/cookie_jar.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/errors.hpp>
#include <aio/http/form_data.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/multipart.hpp>
#include <aio/http/status.hpp>
#include <aio/http/url.hpp>
