// COPY: rows in bulk, as bytes. These are the sources and sinks of Connection's functions:
//
//     co_await connection.copy_from_query("SELECT * FROM users", std::filesystem::path("users.csv"), {.format = CopyFormat::csv});
//     co_await connection.copy_to_table("users", std::filesystem::path("users.csv"), {.format = CopyFormat::csv});
//     co_await connection.copy_from_query("SELECT * FROM users WHERE id > $1", std::tuple(7), print);
//     const std::vector<std::tuple<int, std::string>> records = {{1, "Bob"}};  // named, because of g++ 12
//     co_await connection.copy_records_to_table("users", records);
//
// A sink is a path, whose file is overwritten, or a function `Coro<>(std::string_view)`, which gets the bytes in pieces of whole
// rows: the server waits for it. A source is a path, a string, or a generator of strings (AsyncGenerator<std::string>); records
// are a range or a generator of tuples. During a COPY, other statements on the connection wait. Source: asyncpg 0.30.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/file.hpp>
#include <aio/pg/execution.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::pg {

enum class CopyFormat : std::uint8_t { text, csv, binary };

// The options of COPY, as the server has them. Trivially destructible, as ConnectOptions.
struct CopyOptions {
    std::span<const std::string_view> columns = {};  // all, if there are none
    std::string_view schema = {};                    // of the table
    CopyFormat format = CopyFormat::text;
    bool header = false;  // a first line with names
    std::optional<std::string_view> delimiter = {}, null = {}, quote = {}, escape = {}, encoding = {};
    std::string_view where = {};  // only to a table: which rows are taken, as SQL
};

namespace detail {

std::string copy_out_of_query(std::string_view query, const CopyOptions& options);
std::string copy_out_end(const CopyOptions& options);  // what is behind the query
std::string copy_out_of_table(std::string_view table, const CopyOptions& options);
std::string copy_into_table(std::string_view table, const CopyOptions& options);
std::string select_columns(std::string_view table, const CopyOptions& options);

// What the server sends, in pieces of whole rows. Its end before the last piece stops the server.
class CopyReader {
public:
    CopyReader(SharedSession session, std::string sql);
    CopyReader(const CopyReader&) = delete;
    ~CopyReader();
    // Nothing after the last one.
    Coro<std::optional<std::string>> next();
    std::string tag() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

// What the server gets. Unless finish() is called, nothing of it is kept there.
class CopyWriter {
public:
    CopyWriter(SharedSession session, std::string sql);
    CopyWriter(const CopyWriter&) = delete;
    ~CopyWriter();
    Coro<> write(std::string_view bytes);  // in any pieces
    Coro<std::string> finish();

private:
    class State;
    std::unique_ptr<State> state_;
};

// The types of a table's columns. Errors: db::InterfaceError when one of them has no binary format.
struct CopyTypes {
    std::vector<Oid> columns;
    std::shared_ptr<const TypeCatalog> catalog;
};
Coro<CopyTypes> copy_types(SharedSession session, std::string sql);

inline constexpr std::size_t kCopyPiece = 65'536;
void begin_records(std::string& bytes);
void append_record(std::string& bytes, const Parameters& values);
void end_records(std::string& bytes);

template <class Sink>
Coro<std::string> copy_out(SharedSession session, std::string sql, Sink sink) {
    CopyReader reader(std::move(session), std::move(sql));
    if constexpr (std::is_convertible_v<Sink, std::filesystem::path>) {
        auto file = co_await files::open(std::filesystem::path(sink).string(), "wb");
        while (const auto piece = co_await reader.next()) co_await file.write(*piece);
        co_await file.close();
    } else {
        while (const auto piece = co_await reader.next()) co_await sink(std::string_view(*piece));
    }
    co_return reader.tag();
}

// The query with literals in place of its placeholders. Errors: the server's; those of the arguments' conversion.
Coro<std::string> inline_arguments(SharedSession session, std::string query, EncodeArguments arguments);

// `end`: copy_out_end().
template <class Sink, class... Args>
Coro<std::string> copy_out_with(SharedSession session, std::string query, std::string end, std::tuple<Args...> args,
                                Sink sink) {
    auto encode = [&args](Parameters& into, const TypeCatalog& types, std::span<const Oid> oids, std::size_t set) {
        if (set > 0) return false;
        std::apply([&](const auto&... each) { encode_arguments(into, types, oids, each...); }, args);
        return true;
    };
    const EncodeArguments arguments(encode);
    std::string sql = co_await inline_arguments(session, std::move(query), arguments);
    sql = "COPY (" + sql + end;
    co_return co_await copy_out(std::move(session), std::move(sql), std::move(sink));
}

template <class Source>
Coro<std::string> copy_in(SharedSession session, std::string sql, Source source) {
    CopyWriter writer(std::move(session), std::move(sql));
    if constexpr (requires { source.next(); }) {
        while (const auto piece = co_await source.next()) co_await writer.write(*piece);
    } else if constexpr (std::is_same_v<Source, std::filesystem::path>) {
        auto file = co_await files::open(source.string(), "rb");
        while (true) {
            const std::string piece = co_await file.read(static_cast<std::ptrdiff_t>(kCopyPiece));
            if (piece.empty()) break;
            co_await writer.write(piece);
        }
        co_await file.close();
    } else {
        co_await writer.write(source);
    }
    co_return co_await writer.finish();
}

template <class Records>
Coro<std::string> copy_records(SharedSession session, std::string select, std::string sql, Records records) {
    const CopyTypes types = co_await copy_types(session, std::move(select));
    CopyWriter writer(std::move(session), std::move(sql));
    Parameters values;
    std::string bytes;
    begin_records(bytes);
    const auto append = [&](const auto& record) {
        const auto encode = [&](const auto&... fields) {
            encode_arguments(values, *types.catalog, types.columns, fields...);
        };
        std::apply(encode, record);
        append_record(bytes, values);
        return bytes.size() >= kCopyPiece;
    };
    if constexpr (requires { records.next(); }) {
        while (const auto record = co_await records.next()) {
            if (!append(*record)) continue;
            co_await writer.write(bytes);
            bytes.clear();
        }
    } else {
        for (const auto& record : records) {
            if (!append(record)) continue;
            co_await writer.write(bytes);
            bytes.clear();
        }
    }
    end_records(bytes);
    co_await writer.write(bytes);
    co_return co_await writer.finish();
}

}  // namespace detail

}  // namespace aio::pg
