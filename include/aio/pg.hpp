// All of aio::pg: PostgreSQL. Connections, pools, rows and types.
#pragma once

#include <aio/db/errors.hpp>
#include <aio/pg/connect.hpp>
#include <aio/pg/connection.hpp>
#include <aio/pg/pool.hpp>
#include <aio/pg/types.hpp>
