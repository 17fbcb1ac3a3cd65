// How much memory this process has, as the system counts it.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>

#include <gtest/gtest.h>

namespace aio::test {

inline std::size_t resident_bytes() {
    long size = 0, resident = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (!file || std::fscanf(file, "%ld %ld", &size, &resident) != 2) ADD_FAILURE() << "/proc/self/statm";
    if (file) std::fclose(file);
    return static_cast<std::size_t>(resident * ::sysconf(_SC_PAGESIZE));
}

}  // namespace aio::test
