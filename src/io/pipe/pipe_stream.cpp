// The transport over pipes, terminals and other descriptors. pipe_fd.cpp has the calls.
#include "io/pipe/pipe_stream.hpp"

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "base/make_error.hpp"

#include <termios.h>

#include <cerrno>
#include <string>

namespace aio::detail {

namespace {

constexpr std::uint8_t kWarnFromWrite = 5;  // LOG_THRESHOLD_FOR_CONNLOST_WRITES
const auto kWritingToPipe = [] { return "write to a pipe"; };
// What one pipe may bring in one poll before the others have their turn: 256 KiB, as in CPython.
constexpr std::size_t kReadAtOnce = 32 * 1024;
constexpr int kReadsPerPoll = 8;

}  // namespace

PipeStream::PipeStream(LoopState& loop, PipeFd fd, std::size_t limit, Direction direction)
    : StreamCore(limit),
      loop_(loop),
      fd_(fd),
      direction_(direction),
      input_(*this, fd.fd()),
      output_(*this, fd.fd()),
      loss_(*this) {}

StreamRef PipeStream::open(LoopState& loop, int fd, std::size_t limit, Direction direction) {
    const char* caller = direction == Direction::write ? "connect_write_pipe" : "connect_read_pipe";
    if (limit == 0) throw ValueError(std::string(caller) + ": the limit must be positive");
    if (loop.readers.contains(fd) || loop.writers.contains(fd)) {
        throw RuntimeError(std::string(caller) + ": descriptor " + std::to_string(fd) +
                           " is watched by add_reader or add_writer: remove that first");
    }
    // The backend may know the number from an earlier descriptor, which was closed without it.
    loop.backend->forget(fd);
    const PipeFd end(fd, caller, direction != Direction::write, direction != Direction::read);
    PipeStream* stream = nullptr;
    try {
        stream = new PipeStream(loop, end, limit, direction);
    } catch (...) {
        end.restore_flags();
        throw;
    }
    stream->link_before(loop.resources);
    // Devices have no reader that could go away.
    if (stream->reads() || end.kind() != PipeFd::Kind::device) stream->start_input();
    return StreamRef(stream);
}

// --- reading -----------------------------------------------------------------------------------------------

void PipeStream::start_input() noexcept {
    stop_reading_ = false;
    if (!input_.in_flight && !eof_ && !is_closing()) backend().start(input_);
}

void PipeStream::pause_reading() noexcept {
    stop_reading_ = true;
    if (input_.in_flight) backend().cancel(input_);
}

void PipeStream::resume_reading() noexcept {
    if (reads()) start_input();
}

void PipeStream::input(int result) noexcept {
    if (is_closing()) {
        // A closing stream that still writes its buffer must learn that its reader is gone.
        if (!reads() && result == 0 && !doomed() && fd_.reader_is_gone()) {
            return force_close(make_os_error(EPIPE, kWritingToPipe));
        }
        return release_when_idle();
    }
    if (result < 0 && result != -ECANCELED) return fail(-result, reads() ? "read from" : "write to");
    if (!reads()) {
        if (result != 0 || !fd_.reader_is_gone()) return;  // data from a socket's peer: this direction does not read
        return force_close(out_.empty() ? nullptr : make_os_error(EPIPE, kWritingToPipe));
    }
    if (result == 0 && !stop_reading_) read_some();
    if (!is_closing() && !stop_reading_) start_input();
}

void PipeStream::read_some() noexcept {
    char piece[kReadAtOnce];
    for (int turn = 0; turn < kReadsPerPoll; ++turn) {
        const int count = fd_.read(piece, sizeof piece);
        if (count == -EAGAIN) return;
        if (count < 0) return fail(-count, "read from");
        if (count == 0) {
            feed_eof();
            stop_reading_ = true;
            return held_open_ ? void() : end_of_input();
        }
        if (!take(piece, static_cast<std::size_t>(count))) return;
        if (static_cast<std::size_t>(count) < sizeof piece) return;
    }
}

void PipeStream::end_of_input() noexcept {
    mark_closing();
    schedule_loss(nullptr);
}

void PipeStream::let_close() noexcept {
    held_open_ = false;
    if (eof_ && !is_closing()) end_of_input();
}

// False when reading is over, or must pause.
bool PipeStream::take(const char* data, std::size_t size) noexcept {
    try {
        feed_data({data, size});
    } catch (...) {
        force_close(std::current_exception());  // no memory for it: bytes are missing from here on
    }
    return !is_closing() && !stop_reading_;
}

// --- writing -----------------------------------------------------------------------------------------------

void PipeStream::transport_write(std::string_view data) {
    if (direction_ == Direction::read) throw RuntimeError("StreamWriter.write: this pipe is open for reading");
    if (eof_written_) throw RuntimeError("Cannot call write() after write_eof()");
    if (data.empty()) return;
    if (is_closing()) {
        if (writes_after_loss_ < kWarnFromWrite) ++writes_after_loss_;
        if (writes_after_loss_ == kWarnFromWrite) {
            log(LogLevel::warning, "StreamWriter.write: the pipe is closed, or its reader is gone");
        }
        return;
    }
    out_.append(data.data(), data.size());
    if (!output_.in_flight && out_.size() > gather_limit()) {
        send_buffer();
    } else {
        flush_soon();
    }
    if (!doomed()) check_write_buffer();
}

void PipeStream::flush_soon() noexcept {
    if (output_.in_flight) return;
    gathering_ = !is_closing();
    backend().defer(*this);
}

void PipeStream::flush() noexcept {
    gathering_ = false;
    if (out_.empty() || output_.in_flight || doomed()) return;
    send_buffer();
    after_sending();
}

// What the pipe takes now; the rest when it has room.
void PipeStream::send_buffer() noexcept {
    gathering_ = false;
    while (!out_.empty()) {
        const int count = fd_.write(out_.data(), out_.size());
        if (count == -EAGAIN) break;
        if (count < 0) return fail(-count, "write to");
        const auto written = static_cast<std::size_t>(count);
        const bool full = written < out_.size();
        if (written > 0) last_written_ = out_.data()[written - 1];
        out_.consume(written);
        if (full) break;
    }
    if (out_.empty()) {
        out_.release();
    } else {
        backend().start(output_);
    }
}

void PipeStream::output(int result) noexcept {
    if (doomed()) return release_when_idle();
    if (result < 0 && result != -ECANCELED) return fail(-result, "write to");
    send_buffer();
    after_sending();
}

// Bytes were written: resumes paused writers, and whatever waited for an empty buffer.
void PipeStream::after_sending() noexcept {
    if (doomed()) return;
    check_write_buffer();
    if (is_closing() && out_.empty()) schedule_loss(nullptr);
}

// A terminal has no end to write; its line discipline makes one of the VEOF character at the beginning of a line.
// Behind an unfinished line the first one hands that over, and the second one is the end.
void PipeStream::write_eof() {
    if (direction_ == Direction::write) return close();
    if (direction_ == Direction::read) throw RuntimeError("StreamWriter.write_eof: this pipe is open for reading");
    if (is_closing() || eof_written_) return;
    termios settings;
    char end = 4;
    if (::tcgetattr(fd_.fd(), &settings) == 0) end = static_cast<char>(settings.c_cc[VEOF]);
    const char last = out_.empty() ? last_written_ : out_.data()[out_.size() - 1];
    const char ends[] = {end, end};
    transport_write({ends, last == '\n' ? std::size_t{1} : std::size_t{2}});
    gathering_ = false;
    eof_written_ = true;
}

// --- the end -----------------------------------------------------------------------------------------------

void PipeStream::close() {
    if (is_closing()) return;
    mark_closing();
    stop_reading_ = true;
    if (out_.empty()) {
        if (input_.in_flight) backend().cancel(input_);
        schedule_loss(nullptr);
    } else if (reads()) {
        if (input_.in_flight) backend().cancel(input_);
        if (!observer_) feed_eof();  // a waiting read does not wait until the rest is written
    }
}

void PipeStream::abort() { force_close(nullptr); }

void PipeStream::fail(int error, const char* attempted) noexcept {
    static constexpr const char* kNames[] = {" a pipe", " a socket", " a device", " a terminal"};
    force_close(make_os_error(error, [&] {
        return std::string(attempted) + kNames[static_cast<int>(fd_.kind())] + " (descriptor " +
               std::to_string(fd_.fd()) + ")";
    }));
}

void PipeStream::force_close(std::exception_ptr error) noexcept {
    if (doomed()) return;
    mark_closing();
    stop_reading_ = true;
    if (input_.in_flight) backend().cancel(input_);
    if (output_.in_flight) backend().cancel(output_);
    schedule_loss(std::move(error));
}

void PipeStream::schedule_loss(std::exception_ptr error) noexcept {
    life_.reach(Life::doomed);
    doom_ = std::move(error);
    out_.release();
    if (input_.in_flight) backend().cancel(input_);
    loop_.ready.push(&loss_);
}

void PipeStream::lose() noexcept {
    connection_lost(std::exchange(doom_, nullptr));
    release_when_idle();
}

// The last step. The descriptor stays open while the backend still watches it: a new one with the same number could
// get its completion. forget(): its open file may live on elsewhere, and the kernel would go on watching that.
void PipeStream::release_when_idle() noexcept {
    if (!lost() || closed() || input_.in_flight || output_.in_flight) return;
    fd_.restore_flags();
    backend().forget(fd_.fd());
    backend().close_fd(fd_.fd());
    LoopResource::unlink();
    Deferred::unlink();
    mark_closed();
    if (references() == 0) delete this;
}

void PipeStream::unreferenced() noexcept {
    if (closed()) {
        delete this;
    } else if (!is_closing()) {
        close();
    }
}

void PipeStream::loop_closing() noexcept {
    if (closed()) return;
    flush();  // the rest of the data, if the pipe takes it
    if (!doomed()) {
        mark_closing();
        if (input_.in_flight) backend().cancel(input_);
        if (output_.in_flight) backend().cancel(output_);
        life_.reach(Life::doomed);
        lose();
    }
}

}  // namespace aio::detail
