// The exchange of LOAD DATA LOCAL: its statement, the file in packets of its own, and an empty one at the end.
#include <aio/mysql/load_data.hpp>

#include <aio/db/errors.hpp>
#include <aio/io/file.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/event.hpp>

#include "db/mysql/session/atomic_exchange.hpp"
#include "db/mysql/wire/client_packets.hpp"

#include <algorithm>
#include <utility>

namespace aio::mysql::detail {

// What is stored when the source fails is rolled back: KILL QUERY would not keep the server from committing it.
class LoadExchange final : public AtomicExchange {
public:
    LoadExchange(Session& session, std::string sql)
        : AtomicExchange(session, Format::text, RowsWanted::none), sql_(std::move(sql)) {}

    // Set when the server asks for the file, or has ended the statement.
    Event begun;
    bool is_wanted_file = false;

    // Errors: std::bad_alloc.
    void send_piece(std::string_view piece) {
        // Frames are the packets here: one that is full would be taken for the beginning of a longer one.
        constexpr std::size_t kPiece = 1 << 20;
        std::string packets;
        do {
            set_sequence(wire::append_packet(packets, sequence(), piece.substr(0, kPiece)));
            piece.remove_prefix(std::min(kPiece, piece.size()));
        } while (!piece.empty());
        session().send(packets);
    }
    void send_end() {
        if (!std::exchange(has_end_, true)) send_piece({});
    }

private:
    void file_wanted(Session& session, std::string_view name) override {
        if (is_wanted() && !has_end_) {
            is_wanted_file = true;
            begun.set();
        } else {
            AtomicExchange::file_wanted(session, name);
        }
    }
    // The server notices that it is stopped only when it has read something.
    void write_end(std::string& output) override {
        if (!is_wanted_file || std::exchange(has_end_, true)) return;
        set_sequence(wire::append_packet(output, sequence(), {}));
    }
    void write_commands(std::string& output) override {
        expects(wire::append_command(output, wire::Command::query, sql_));
    }
    void ended() noexcept override { begun.set(); }
    std::string_view statement() const noexcept override { return sql_; }

    std::string sql_;
    bool has_end_ = false;
};

Load::Load(SharedSession session, std::string_view sql) : session_(std::move(session)) {
    if (!session_->options().local_files) {
        throw db::InterfaceError(
            "load_data: the connection was made without LOAD DATA LOCAL: connect with local_infile=true");
    }
    const ExchangeRef<LoadExchange> exchange(new LoadExchange(*session_, std::string(sql)));
    session_->submit(*exchange);
    exchange_ = exchange.get();
    exchange_->retain();
}

Load::~Load() {
    if (!exchange_->done()) session_->drop(*exchange_);
    exchange_->release();
}

Coro<bool> Load::begun() {
    co_await exchange_->begun.wait();
    co_return exchange_->is_wanted_file && !exchange_->done();
}

Coro<> Load::send(std::string_view piece) {
    if (piece.empty() || exchange_->done()) co_return;
    exchange_->send_piece(piece);
    co_await StreamWriter(session_->transport().stream()).drain();
}

Coro<SharedResult> Load::finish() {
    if (!exchange_->done() && exchange_->is_wanted_file) exchange_->send_end();
    co_await session_->finished(*exchange_);
    co_return exchange_->results.at(1);  // the first one is of START TRANSACTION
}

AsyncGenerator<std::string> pieces_of_file(std::filesystem::path path) {
    constexpr std::size_t kBytes = 262'144;
    const auto file = co_await files::open(path.string(), "rb");
    while (true) {
        std::string piece = co_await file.read(kBytes);
        if (piece.empty()) break;
        co_yield std::move(piece);
    }
    co_await file.close();
}

}  // namespace aio::mysql::detail
