// All of aio::mysql: MySQL and MariaDB. Connections, pools, rows and types.
#pragma once

#include <aio/db/errors.hpp>
#include <aio/mysql/connect.hpp>
#include <aio/mysql/connection.hpp>
#include <aio/mysql/pool.hpp>
#include <aio/mysql/types.hpp>
