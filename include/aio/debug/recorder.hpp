// The flight recorder: each loop keeps its last events in a ring of fixed memory: steps of tasks and the waits that follow them, polls,
// timers, I/O operations, requests of HTTP servers. Off unless it is asked for.
//
//     aio::debug::record_events();                    // or AIO_RECORDER=32768 in the environment
//     aio::debug::on_slow_request(200ms);             // logs the loop's events at the end of each slower request
//     aio::debug::dump_on_unhandled_exception();      // logs them before an exception ends the program
//
// An event has 32 bytes. dump_on_signal() and the watchdog show the last events too, and `aiocpp trace dump` those of another
// process or of a core file.
//
// A step that lasts more than about 0.4 us is an event of its own, and so are the first 16 steps behind each poll. Of a flood of
// shorter ones, 64 share an event: recording each would cost more than the step.
#pragma once

#include <aio/core/time.hpp>

#include <cstddef>
#include <string>

namespace aio::debug {

// Loops that are created from now on keep their last `events`, rounded up to a power of two, at least 16 and at most 16,777,216; 0:
// none. A loop that reuses the memory of one that has ended keeps that one's size.
void record_events(std::size_t events = 32768) noexcept;

// Result: the last events of each loop, a line each, the newest last; at most `most` for each loop. From any thread. Errors:
// RuntimeError when the kernel forbids a process to read its own memory with process_vm_readv(2).
std::string format_recorded_events(std::size_t most = 100);

// From now on, an HTTP server's request that took at least `threshold` is logged as a warning at its end, with the last 40 events of
// its loop; at most once a second for each thread. Duration::max(): none is slow. Calls record_events() unless events are recorded:
// loops that exist already report nothing. Errors: ValueError for a negative threshold.
void on_slow_request(Duration threshold);

// From now on, the report of an exception that leaves run() and ends the program begins with the last 40 events of each loop. Calls
// record_events() unless events are recorded.
void dump_on_unhandled_exception() noexcept;

}  // namespace aio::debug
