// Everything about values: MySQL's types in C++, and how they are passed and read. codec.hpp has the list.
#pragma once

#include <aio/db/aggregate.hpp>
#include <aio/db/enum_names.hpp>
#include <aio/mysql/codec.hpp>
#include <aio/mysql/codec_time.hpp>
#include <aio/mysql/json.hpp>
#include <aio/mysql/parameters.hpp>
#include <aio/mysql/row.hpp>
#include <aio/mysql/type.hpp>
#include <aio/mysql/value.hpp>
#include <aio/mysql/values.hpp>
