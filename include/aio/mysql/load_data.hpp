// LOAD DATA LOCAL: many rows of text, sent by the client. It must be agreed upon: ConnectOptions::local_infile.
//
//     co_await connection.load_data("LOAD DATA LOCAL INFILE 'x' INTO TABLE users FIELDS TERMINATED BY ','", lines);
//
// A server can ask a client for any file. This one opens none: the server gets what is passed, whatever file the statement names.
//
// Sources:
//   text                  std::string, std::string_view (which must live until the end)
//   std::filesystem::path a file of this machine, read in pieces
//   a generator           AsyncGenerator<std::string> or AsyncGenerator<std::string_view>
//
// A source is asked for its next piece when the last one is on its way. If it throws, or the task is cancelled, the statement is
// stopped on the server: in tables with transactions nothing is stored.
//
// Source: MySQL 8.0 source documentation, "LOCAL INFILE Request"; manual, 8.1.6 (security).
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/mysql/execution.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio::mysql::detail {

class LoadExchange;

// A statement that is sent, and takes pieces of a file once the server asks for it.
class Load {
public:
    Load(SharedSession session, std::string_view sql);
    Load(const Load&) = delete;
    ~Load();  // stops it, unless it has ended

    // Waits until the server asks for the file. False: it did not; finish() has the error.
    Coro<bool> begun();
    // Sends a piece; returns when there is room for the next one.
    Coro<> send(std::string_view piece);
    // Ends the file. Errors: the server's.
    Coro<SharedResult> finish();

private:
    SharedSession session_;
    LoadExchange* exchange_;
};

AsyncGenerator<std::string> pieces_of_file(std::filesystem::path path);

// Sends a text, or what a generator makes.
template <class Source>
Coro<> feed(Load& load, Source source) {
    if constexpr (std::is_convertible_v<const Source&, std::string_view>) {
        co_await load.send(source);
    } else {
        while (const auto piece = co_await source.next()) co_await load.send(*piece);
    }
}

template <class Source>
Coro<SharedResult> load_data(SharedSession session, std::string sql, Source source) {
    Load load(std::move(session), sql);
    const bool is_wanted = co_await load.begun();
    if constexpr (std::is_same_v<Source, std::filesystem::path>) {
        if (is_wanted) co_await feed(load, pieces_of_file(std::move(source)));
    } else {
        if (is_wanted) co_await feed(load, std::move(source));
    }
    co_return co_await load.finish();
}

}  // namespace aio::mysql::detail
