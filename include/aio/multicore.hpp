// Several loops in one process, queues between them, servers on all of them, and calls in other processes. For programs.
#pragma once

#include <aio/io/sharded_server.hpp>
#include <aio/sync/loop_group.hpp>
#include <aio/sync/process_pool.hpp>
#include <aio/sync/thread_queue.hpp>
