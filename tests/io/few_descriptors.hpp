// A process that has few descriptors left.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>

namespace aio::test {

// While it lives this process can open `more` descriptors, and no further one.
class FewDescriptors {
public:
    explicit FewDescriptors(rlim_t more = 0) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlim_t limit = 0;  // numbers between free ones may be in use
        for (rlim_t free = 0; free < more || is_open(limit); ++limit) free += is_open(limit) ? 0 : 1;
        const rlimit now{limit, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors&) = delete;

private:
    static bool is_open(rlim_t fd) noexcept { return ::fcntl(static_cast<int>(fd), F_GETFD) >= 0; }

    rlimit before_ = {};
};

}  // namespace aio::test
