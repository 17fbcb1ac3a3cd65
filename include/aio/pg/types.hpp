// Everything about values: PostgreSQL's types in C++, and how they are passed and read. codec.hpp has the list.
#pragma once

#include <aio/db/aggregate.hpp>
#include <aio/db/conversion_error.hpp>
#include <aio/db/enum_names.hpp>
#include <aio/db/numeric.hpp>
#include <aio/pg/codec.hpp>
#include <aio/pg/codec_containers.hpp>
#include <aio/pg/codec_time.hpp>
#include <aio/pg/containers.hpp>
#include <aio/pg/json.hpp>
#include <aio/pg/parameters.hpp>
#include <aio/pg/record.hpp>
#include <aio/pg/type.hpp>
#include <aio/pg/value.hpp>
#include <aio/pg/values.hpp>
