// The umbrella of HTTP: aiohttp's names, client and server. For programs; the library's own files include what they
// use. <aio/aio.hpp> has the rest of the library.
#pragma once

#include <aio/http/client/client_session.hpp>
#include <aio/http/client/client_websocket.hpp>
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/errors.hpp>
#include <aio/http/form_data.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/json.hpp>
#include <aio/http/multipart.hpp>
#include <aio/http/server/access_log.hpp>
#include <aio/http/server/app_key.hpp>
#include <aio/http/server/application.hpp>
#include <aio/http/server/file_response.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/middleware.hpp>
#include <aio/http/server/post_data.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/server/router.hpp>
#include <aio/http/server/run_app.hpp>
#include <aio/http/server/runner.hpp>
#include <aio/http/server/stream_response.hpp>
#include <aio/http/server/websocket_response.hpp>
#include <aio/http/status.hpp>
#include <aio/http/testing/test_server.hpp>
#include <aio/http/url.hpp>
#include <aio/http/websocket.hpp>
