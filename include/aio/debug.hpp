// The umbrella of aio::debug: who waits for whom, in the program. For programs; the library's own files include what they use.
#pragma once

#include <aio/debug/call_graph.hpp>
