// What the conformance tests of the backends share. The backend under test is AIO_BACKEND's.
#pragma once

#include "core/backend/backend.hpp"
#include "core/wakeup.hpp"

#include <netinet/in.h>

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace aio::detail {

// An operation that remembers what came of it.
class RecordingOperation : public Operation {
public:
    using Operation::Operation;

    void completed(int result, const char* data, bool more) noexcept override {
        results.push_back(result);
        if (data && result > 0) bytes.append(data, static_cast<std::size_t>(result));
        ended = !more;
    }

    std::vector<int> results;
    std::string bytes;
    bool ended = false;

protected:
    ~RecordingOperation() = default;
};

class Recorder final : public RecordingOperation {
public:
    using RecordingOperation::RecordingOperation;
};

class BackendTest : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    // Polls until `done()`, or fails after a second.
    template <class Done>
    void poll_until(Done&& done) {
        const TimePoint give_up = backend->now() + std::chrono::seconds(1);
        while (!done() && backend->now() < give_up) backend->poll(give_up);
        EXPECT_TRUE(done()) << "nothing came within a second";
    }
    int run(Recorder& operation);  // starts it and polls to its end; its last result
    // `bytes` must live until the end of the operation.
    void start_send(Recorder& operation, std::string_view bytes);
    // Sends until neither socket's buffer takes any more.
    void fill_up(int fd);

    int listen_on_loopback(int backlog = 16);
    sockaddr_in address_of(int fd);
    int connect_to(int listener);
    // Two connected descriptors.
    void open_pair();

    Wakeup wakeup;
    std::unique_ptr<Backend> backend;
    std::vector<int> opened;  // closed by TearDown
    int near = -1, far = -1;
};

}  // namespace aio::detail
