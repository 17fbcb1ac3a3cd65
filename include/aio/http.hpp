// The umbrella of HTTP: aiohttp's names, client and server. For programs; the library's own files include what they
// use. <aio/aio.hpp> has the rest of the library.
#pragma once

#include <aio/http/access_log.hpp>
#include <aio/http/app_key.hpp>
#include <aio/http/application.hpp>
#include <aio/http/client_session.hpp>
#include <aio/http/client_websocket.hpp>
#include <aio/http/cookie_jar.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/errors.hpp>
#include <aio/http/file_response.hpp>
#include <aio/http/form_data.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/http_exceptions.hpp>
#include <aio/http/json.hpp>
#include <aio/http/middleware.hpp>
#include <aio/http/multipart.hpp>
#include <aio/http/post_data.hpp>
#include <aio/http/request.hpp>
#include <aio/http/response.hpp>
#include <aio/http/router.hpp>
#include <aio/http/run_app.hpp>
#include <aio/http/runner.hpp>
#include <aio/http/status.hpp>
#include <aio/http/stream_response.hpp>
#include <aio/http/test_server.hpp>
#include <aio/http/url.hpp>
#include <aio/http/websocket.hpp>
#include <aio/http/websocket_response.hpp>
