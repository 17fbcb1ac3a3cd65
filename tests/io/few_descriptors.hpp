// A process that has few descriptors left.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

namespace aio::test {

// While it lives this process can open `more` descriptors, and no further one.
class FewDescriptors {
public:
    explicit FewDescriptors(rlim_t more = 0) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::dup(0);
        ::close(next);
        const rlimit now{static_cast<rlim_t>(next) + more, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors&) = delete;

private:
    rlimit before_ = {};
};

}  // namespace aio::test
