// All of aio::sqlite: SQLite. Connections, pools, rows and types.
#pragma once

#include <aio/db/errors.hpp>
#include <aio/sqlite/connect.hpp>
#include <aio/sqlite/connection.hpp>
#include <aio/sqlite/pool.hpp>
#include <aio/sqlite/types.hpp>
