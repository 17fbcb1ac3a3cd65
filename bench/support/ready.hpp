// What our servers of bench/ tell the harness once they listen.
#pragma once

#include <cstdio>
#include <string_view>

namespace bench {

inline void say_ready(std::string_view where) {
    std::printf("ready %.*s\n", static_cast<int>(where.size()), where.data());
    std::fflush(stdout);
}

}  // namespace bench
