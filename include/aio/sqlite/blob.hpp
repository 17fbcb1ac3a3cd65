// A blob, or text, that is read and written in pieces, without loading it.
//
//     co_await db.execute("INSERT INTO files(id, data) VALUES(?, zeroblob(?))", 1, size);
//     auto blob = co_await db.open_blob("files", "data", 1, {.writable = true});
//     while (...) co_await blob.write(piece);
//
// A blob has a position, like a file. Its size is fixed: SQL creates and resizes it. A statement that changes the row makes it
// expire: read() and write() then throw db::OperationalError, and reopen() helps. While it is open the connection keeps its view of the
// database, and a writable one, outside of a transaction, the write lock until close(). Source: sqlite3_blob_open().
#pragma once

#include <aio/core/coro.hpp>
#include <aio/sqlite/execution.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace aio::sqlite {

// The options of open_blob(). Texts are copied by the call.
struct BlobOptions {
    bool writable = false;
    std::string_view database = "main";  // or "temp", or the name of one that was attached
};

namespace detail {
struct BlobState;
}

// A handle: copies name the same blob. Dropping all of them closes it, without waiting.
class Blob {
public:
    // For the library.
    explicit Blob(std::shared_ptr<detail::BlobState> state) noexcept : state_(std::move(state)) {}

    // Up to `size` bytes from the position on; without a size, all that are left. "" at the end. *Cancel*: the position stays.
    // *Errors* of all: db::InterfaceError if it or its connection is closed; db::DatabaseError.
    Coro<std::string> read(std::size_t size = std::numeric_limits<std::size_t>::max()) const;
    // Writes all bytes at the position, over those that are there. Errors: also ValueError beyond the end, and then nothing was
    // written.
    Coro<> write(std::string data) const;
    // Sets the position, in bytes from the begin. Errors: ValueError beyond the end.
    void seek(std::size_t position) const;
    std::size_t tell() const noexcept;
    // In bytes.
    std::size_t size() const noexcept;
    // Continues with another row of the same table and column, at its begin; faster than open_blob().
    Coro<> reopen(std::int64_t rowid) const;
    // Closes it. Errors: those of a commit, as a writable one outside of a transaction ends with one. A second close() does nothing.
    Coro<> close() const;

private:
    std::shared_ptr<detail::BlobState> state_;
};

}  // namespace aio::sqlite
