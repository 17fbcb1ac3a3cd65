// The umbrella of aio::debug: who waits for whom, and what blocks a loop. For programs; the library's own files include what they use.
#pragma once

#include <aio/debug/call_graph.hpp>
#include <aio/debug/recorder.hpp>
#include <aio/debug/trace.hpp>
#include <aio/debug/watchdog.hpp>
