// Child processes, for users (asyncio.subprocess).
#pragma once

#include <aio/io/pipe.hpp>
#include <aio/io/subprocess.hpp>
