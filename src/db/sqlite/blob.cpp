// Blob: a position, and jobs for the thread that holds SQLite's handle.
#include <aio/sqlite/blob.hpp>

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>
#include <aio/sqlite/connection.hpp>

#include "db/sqlite/session/session.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace aio::sqlite {

namespace detail {

namespace {

struct CloseBlob {
    std::shared_ptr<OpenBlob> blob;
    explicit CloseBlob(std::shared_ptr<OpenBlob> the_blob) noexcept : blob(std::move(the_blob)) {}
    void operator()(Database& database) const { database.close_blob(blob); }
};

}  // namespace

// What the handles share.
struct BlobState {
    SharedSession session;
    std::shared_ptr<OpenBlob> blob = std::make_shared<OpenBlob>();
    std::size_t size = 0;
    std::size_t position = 0;
    bool is_open = true;
    JobRef<FunctionJob<CloseBlob>> closing = make_job(CloseBlob(blob), Job::Dropped::stays);

    explicit BlobState(SharedSession the_session) : session(std::move(the_session)) {}
    BlobState(const BlobState&) = delete;
    ~BlobState() {
        if (is_open) session->try_submit(*closing);
    }

    void check_open() const {
        if (!is_open) throw db::InterfaceError("sqlite::Blob: the blob is closed");
    }
};

namespace {

using SharedBlob = std::shared_ptr<BlobState>;

Coro<Blob> open(SharedSession session, std::string database, std::string table, std::string column,
                std::int64_t rowid, bool writable) {
    const auto state = std::make_shared<BlobState>(session);
    auto open = [blob = state->blob, database, table, column, rowid, writable](Database& db) {
        db.open_blob(blob, database, table, column, rowid, writable);
        return blob->size;
    };
    state->size = co_await perform(std::move(session), std::move(open));
    co_return Blob(state);
}

Coro<std::string> read(SharedBlob state, std::size_t wanted) {
    state->check_open();
    const std::size_t size = std::min(wanted, state->size - state->position);
    auto read = [blob = state->blob, offset = state->position, size](Database& database) {
        return database.read_blob(*blob, offset, size);
    };
    std::string data = co_await perform(state->session, std::move(read));
    state->position += size;
    co_return data;
}

Coro<> write(SharedBlob state, std::string data) {
    state->check_open();
    const std::size_t size = data.size();
    if (size > state->size - state->position) {
        throw ValueError("sqlite::Blob.write: " + std::to_string(size) + " bytes do not fit behind byte " +
                         std::to_string(state->position) + " of a blob of " + std::to_string(state->size) +
                         "; resize it with zeroblob(n)");
    }
    auto write = [blob = state->blob, offset = state->position, data = std::move(data)](Database& database) {
        database.write_blob(*blob, offset, data);
    };
    co_await perform(state->session, std::move(write));
    state->position += size;
}

Coro<> reopen(SharedBlob state, std::int64_t rowid) {
    state->check_open();
    auto reopen = [blob = state->blob, rowid](Database& database) {
        database.reopen_blob(*blob, rowid);
        return blob->size;
    };
    state->position = state->size = 0;
    state->size = co_await perform(state->session, std::move(reopen));
}

Coro<> close(SharedBlob state) {
    if (!std::exchange(state->is_open, false)) co_return;
    state->session->submit(*state->closing);
    co_await state->session->finished(*state->closing);
}

}  // namespace

}  // namespace detail

Coro<Blob> Connection::open_blob(std::string_view table, std::string_view column, std::int64_t rowid,
                                 BlobOptions options) const {
    return detail::open(session_, std::string(options.database), std::string(table), std::string(column), rowid,
                        options.writable);
}

Coro<std::string> Blob::read(std::size_t size) const { return detail::read(state_, size); }
Coro<> Blob::write(std::string data) const { return detail::write(state_, std::move(data)); }
void Blob::seek(std::size_t position) const {
    if (position > state_->size) {
        throw ValueError("sqlite::Blob.seek: byte " + std::to_string(position) + " is behind the end of a blob of " +
                         std::to_string(state_->size));
    }
    state_->position = position;
}
std::size_t Blob::tell() const noexcept { return state_->position; }
std::size_t Blob::size() const noexcept { return state_->size; }
Coro<> Blob::reopen(std::int64_t rowid) const { return detail::reopen(state_, rowid); }
Coro<> Blob::close() const { return detail::close(state_); }

}  // namespace aio::sqlite
