// The umbrella: the names of asyncio. For programs; the library's own files include what they use.
// Beside it: <aio/subprocess.hpp>, <aio/files.hpp>, <aio/ssl.hpp>, <aio/multicore.hpp>.
#pragma once

#include <aio/base/error.hpp>
#include <aio/base/exception_group.hpp>
#include <aio/base/format_exception.hpp>
#include <aio/base/unicode.hpp>
#include <aio/core/as_completed.hpp>
#include <aio/core/async_generator.hpp>
#include <aio/core/context.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/exit_stack.hpp>
#include <aio/core/future.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/gather_limited.hpp>
#include <aio/core/log.hpp>
#include <aio/core/result.hpp>
#include <aio/core/run.hpp>
#include <aio/core/select.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>
#include <aio/core/task_group.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>
#include <aio/io/create_connection.hpp>
#include <aio/io/datagram.hpp>
#include <aio/io/dns.hpp>
#include <aio/io/pipe.hpp>
#include <aio/io/sendfile.hpp>
#include <aio/io/server.hpp>
#include <aio/io/sock.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/barrier.hpp>
#include <aio/sync/condition.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/interval.hpp>
#include <aio/sync/limiter.hpp>
#include <aio/sync/lock.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/retry.hpp>
#include <aio/sync/semaphore.hpp>
#include <aio/sync/threads.hpp>

#include <string>
#include <vector>
