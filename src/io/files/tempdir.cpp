// TemporaryDirectory: removed by cleanup(), or when the last handle goes.
#include <aio/io/file_system.hpp>
#include <aio/io/tempfile.hpp>

#include <aio/core/log.hpp>

#include "core/loop_state.hpp"
#include "io/files/paths.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>

namespace aio::files {

namespace {

const std::atomic<bool> kNeverStop{false};

void remove_unheard(const std::string& path) noexcept {
    try {
        const int result = detail::remove_tree(path, false, kNeverStop);
        if (result == 0 || result == -ENOENT) return;
        detail::log(LogLevel::error, "could not remove the temporary directory " + detail::quoted(path) + ": " +
                                         std::generic_category().message(-result));
    } catch (const std::bad_alloc&) {
        detail::log(LogLevel::error, "could not remove a temporary directory: out of memory");
    }
}

}  // namespace

namespace {

// A thread removes a directory that nobody holds any more: a loop that closes waits for it.
class Removal final : public detail::LoopResource {
public:
    Removal(EventLoop& loop, const std::string& path) : done_(detail::file_threads().submit(remove_unheard, path)) {
        link_before(loop.state().resources);
    }
    ConcurrentFuture<void> done() const { return done_; }
    void loop_closing() noexcept override {
        try {
            done_.result();
        } catch (...) {}  // it throws nothing
        delete this;
    }

private:
    ConcurrentFuture<void> done_;
};

// False when there is no loop, no thread or no memory for it.
bool remove_on_thread(const std::string& path) noexcept {
    EventLoop* const loop = running_loop();
    if (!loop || loop->state().closed) return false;
    try {
        auto removal = std::make_unique<Removal>(*loop, path);
        Removal* const raw = removal.release();  // from here on the loop has it
        wrap_future(raw->done(), *loop).add_done_callback([raw] { delete raw; });
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

class TempDirectory::State final {
public:
    explicit State(std::string path) : path_(std::move(path)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (gone_) return;
        if (EventLoop* loop = running_loop(); loop && loop->get_debug()) {
            detail::log(LogLevel::warning, "a TemporaryDirectory was dropped without cleanup()");
        }
        if (!remove_on_thread(path_)) remove_unheard(path_);
    }

    const std::string& path() const noexcept { return path_; }
    bool gone() const noexcept { return gone_; }
    void mark_gone() noexcept { gone_ = true; }

private:
    std::string path_;
    bool gone_ = false;
};

TempDirectory::TempDirectory(std::string path) : state_(std::make_shared<State>(std::move(path))) {}

const std::string& TempDirectory::name() const noexcept {
    static const std::string none;
    return state_ ? state_->path() : none;
}

Coro<> TempDirectory::cleanup() const { return clean_up(state_); }

Coro<> TempDirectory::clean_up(std::shared_ptr<State> state) {
    if (!state || state->gone()) co_return;
    state->mark_gone();
    auto call = [path = state->path()] { return detail::remove_tree(path, false, kNeverStop); };
    const int result = co_await detail::in_thread(std::move(call));
    if (result < 0 && result != -ENOENT) {
        throw_os_error(-result, "remove the temporary directory " + detail::quoted(state->path()));
    }
}

}  // namespace aio::files
