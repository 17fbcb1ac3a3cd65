// A stream over a pipe or a character device: readiness from the backend, then read(2) and write(2).
//
// Its life is drawn in aio/io/life.hpp. Unlike a socket it closes itself at the end of what it reads, since it has but one direction. A pseudo-terminal's
// leading side has two.
#pragma once

#include <aio/io/address.hpp>
#include <aio/io/stream_core.hpp>

#include "core/loop_state.hpp"
#include "io/pipe/pipe_fd.hpp"

namespace aio::detail {

class PipeStream final : public StreamCore, public LoopResource, public Deferred {
public:
    enum class Direction : unsigned char { read, write, both };

    // Takes over `fd`. Reading begins at once. Errors: ValueError, OSError, std::bad_alloc: `fd` is still the
    // caller's.
    static StreamRef open(LoopState& loop, int fd, std::size_t limit, Direction direction);

    void transport_write(std::string_view data) override;
    void write_eof() override;
    bool can_write_eof() const noexcept override { return direction_ != Direction::read; }
    void close() override;
    void abort() override;
    int fileno() const noexcept override { return closed() ? -1 : fd_.fd(); }

    // The end of what is read does not close the stream, until let_close().
    void hold_open() noexcept { held_open_ = true; }
    void let_close() noexcept;

    void loop_closing() noexcept override;
    void before_poll() noexcept override { flush(); }

private:
    // Input: there is something to read; of a stream that only writes: the reader may be gone.
    struct Input final : Operation {
        Input(PipeStream& s, int fd) noexcept : Operation(OpKind::poll_in, fd), stream(s) {}
        void completed(int result, const char*, bool) noexcept override { stream.input(result); }
        PipeStream& stream;
    };
    struct Output final : Operation {
        Output(PipeStream& s, int fd) noexcept : Operation(OpKind::poll_out, fd), stream(s) {}
        void completed(int result, const char*, bool) noexcept override { stream.output(result); }
        PipeStream& stream;
    };
    // connection_lost(), in a pass of its own.
    struct Loss final : Callback {
        explicit Loss(PipeStream& s) noexcept : stream(s) {}
        void run() override { stream.lose(); }
        void discard() noexcept override { stream.lose(); }
        const char* name() const noexcept override { return "pipe connection_lost"; }
        PipeStream& stream;
    };

    PipeStream(LoopState& loop, PipeFd fd, std::size_t limit, Direction direction);
    ~PipeStream() override = default;

    void unreferenced() noexcept override;
    void pause_reading() noexcept override;
    void resume_reading() noexcept override;

    bool reads() const noexcept { return direction_ != Direction::write; }
    void start_input() noexcept;
    void input(int result) noexcept;
    void end_of_input() noexcept;
    void read_some() noexcept;
    bool take(const char* data, std::size_t size) noexcept;

    void flush_soon() noexcept;
    void flush() noexcept;
    void send_buffer() noexcept;
    void output(int result) noexcept;
    void after_sending() noexcept;

    void fail(int error, const char* attempted) noexcept;
    void force_close(std::exception_ptr error) noexcept;
    void schedule_loss(std::exception_ptr error) noexcept;
    void lose() noexcept;
    void release_when_idle() noexcept;
    Backend& backend() const noexcept { return *loop_.backend; }

    LoopState& loop_;
    PipeFd fd_;
    const Direction direction_;
    bool stop_reading_ = false;  // nothing more is wanted, for now or for ever
    bool held_open_ = false;
    bool eof_written_ = false;
    char last_written_ = '\n';
    std::uint8_t writes_after_loss_ = 0;
    Input input_;
    Output output_;
    Loss loss_;
    std::exception_ptr doom_;  // what connection_lost() will be told
};

}  // namespace aio::detail
