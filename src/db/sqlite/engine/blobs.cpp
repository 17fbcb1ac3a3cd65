// Blobs that are read and written in pieces.
#include "db/sqlite/engine/database.hpp"
#include "db/sqlite/engine/errors.hpp"

#include <sqlite3.h>

#include <string>
#include <utility>

namespace aio::sqlite::detail {

namespace {

constexpr std::string_view kClosed = "the blob is closed";

void expect_open(const OpenBlob& blob) {
    if (!blob.handle) throw_error("55000", SQLITE_MISUSE, std::string(kClosed), "");
}

}  // namespace

void Database::open_blob(const std::shared_ptr<OpenBlob>& blob, const std::string& database, const std::string& table,
                         const std::string& column, std::int64_t rowid, bool writable) {
    check_block("open_blob()");
    blobs_.reserve(blobs_.size() + 1);
    const int code =
        sqlite3_blob_open(db_, database.c_str(), table.c_str(), column.c_str(), rowid, writable, &blob->handle);
    if (code != SQLITE_OK) {
        blob->handle = nullptr;
        fail(code, "open_blob(" + table + ", " + column + ", " + std::to_string(rowid) + ")");
    }
    blob->size = static_cast<std::size_t>(sqlite3_blob_bytes(blob->handle));
    blobs_.push_back(blob);
}

void Database::reopen_blob(OpenBlob& blob, std::int64_t rowid) {
    expect_open(blob);
    const int code = sqlite3_blob_reopen(blob.handle, rowid);
    if (code != SQLITE_OK) {
        blob.size = 0;
        fail(code, "reopen(" + std::to_string(rowid) + ") of a blob");
    }
    blob.size = static_cast<std::size_t>(sqlite3_blob_bytes(blob.handle));
}

std::string Database::read_blob(OpenBlob& blob, std::size_t offset, std::size_t size) {
    expect_open(blob);
    std::string data(size, '\0');
    if (size == 0) return data;
    const int code = sqlite3_blob_read(blob.handle, data.data(), static_cast<int>(size), static_cast<int>(offset));
    if (code != SQLITE_OK) fail(code, "read() of a blob");
    return data;
}

void Database::write_blob(OpenBlob& blob, std::size_t offset, std::string_view data) {
    expect_open(blob);
    check_block("write() of a blob");
    if (data.empty()) return;
    const int code =
        sqlite3_blob_write(blob.handle, data.data(), static_cast<int>(data.size()), static_cast<int>(offset));
    if (code != SQLITE_OK) fail(code, "write() of a blob");
}

void Database::close_blob(const std::shared_ptr<OpenBlob>& blob) {
    if (!blob->handle) return;
    const int code = sqlite3_blob_close(std::exchange(blob->handle, nullptr));  // closes it even when it fails
    std::erase(blobs_, blob);
    if (code != SQLITE_OK) fail(code, "close() of a blob");
}

}  // namespace aio::sqlite::detail
