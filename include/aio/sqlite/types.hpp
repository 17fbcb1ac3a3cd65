// Everything about values: SQLite's types in C++, and how they are passed and read. codec.hpp has the list.
#pragma once

#include <aio/db/aggregate.hpp>
#include <aio/db/conversion_error.hpp>
#include <aio/db/enum_names.hpp>
#include <aio/sqlite/codec.hpp>
#include <aio/sqlite/codec_time.hpp>
#include <aio/sqlite/json.hpp>
#include <aio/sqlite/parameters.hpp>
#include <aio/sqlite/value.hpp>
