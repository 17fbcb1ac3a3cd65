// The umbrella of WebSockets with the names of Python's websockets library. For programs; the library's own files include what
// they use. <aio/aio.hpp> has the rest of the library, <aio/http.hpp> aiohttp's flavour of WebSockets.
#pragma once

#include <aio/ws/client.hpp>
#include <aio/ws/connection.hpp>
#include <aio/ws/errors.hpp>
#include <aio/ws/extension.hpp>
#include <aio/ws/message.hpp>
#include <aio/ws/options.hpp>
#include <aio/ws/router.hpp>
#include <aio/ws/server.hpp>
