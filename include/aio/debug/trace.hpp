// Traces: a picture of the program's loops over time.
//
//     aio::trace::start("trace.json");        // or AIO_TRACE=trace.json in the environment
//     ...
//     aio::trace::stop();                     // writes the file; so does the end of the program
//
// The file is in the JSON format of Chrome's traces, which Perfetto (ui.perfetto.dev) reads. `aiocpp trace view trace.json` makes a
// page of it that needs nothing else. It has the steps of tasks, their waits, polls, timers, I/O operations and requests of HTTP
// servers. They are the events of the flight recorder (recorder.hpp): memory is bounded, the oldest events are overwritten, and the
// file has their number.
//
// AIO_TRACE works in programs with the shared library, and in those with the static one that use a function of this header.
#pragma once

#include <cstddef>
#include <string>

namespace aio::trace {

struct Options {
    // For each loop that is created from now on; 32 bytes each. Loops that exist keep what they have. At most 16,777,216.
    std::size_t events = 524288;
};

// Begins a trace that is written to `path`, a file that is created now. A trace that is under way is ended and written first.
// Loops that were created without a recorder are missing in it. From any thread. Errors: ValueError for no events; OSError of the
// files; those of stop().
void start(const std::string& path, Options options = {});

// Ends the trace and writes its file; no effect when there is none. From any thread. Errors: OSError of the file; RuntimeError when the
// kernel forbids a process to read its own memory with process_vm_readv(2).
void stop();

}  // namespace aio::trace
