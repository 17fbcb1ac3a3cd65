// One request and its response on a connection: how the response is framed and written.
//
// A response that is here as a whole goes out with one write, without waiting (send_now). All others take their time:
// streams of the handler's (begin, write, end), sources and files (send).
#pragma once

#include <aio/http/server/request.hpp>
#include <aio/http/server/response.hpp>
#include <aio/io/stream.hpp>

#include "http/message_reader.hpp"
#include "http/server/request_state.hpp"
#include "http/wire/coding.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::detail {

class Exchange;
class WSChannel;

// The request's body as the connection carries it.
class WireBody final : public BodySource {
public:
    explicit WireBody(MessageReader& messages) noexcept : messages_(messages) {}
    void attach(StreamWriter& writer) noexcept { writer_ = &writer; }
    void begin(bool expects_continue) noexcept {
        continue_is_due_ = expects_continue;
        bytes_ = 0;
    }

    // Errors: RequestPayloadError for what breaks HTTP.
    Coro<std::string_view> next_piece() override;
    const Headers* trailers() const noexcept override { return messages_.trailers(); }
    std::optional<std::uint64_t> announced_size() const noexcept override { return messages_.announced_size(); }

    bool waiting() const noexcept { return waiting_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    // The client waits for "100 Continue", and has not got it: it may never send the body.
    bool continue_is_due() const noexcept { return continue_is_due_; }

private:
    MessageReader& messages_;
    StreamWriter* writer_ = nullptr;
    std::uint64_t bytes_ = 0;
    bool waiting_ = false;
    bool continue_is_due_ = false;
};

// The same without its content codings. Errors: RequestPayloadError for broken ones.
class UnpackedBody final : public BodySource {
public:
    explicit UnpackedBody(std::unique_ptr<BodySource> source) noexcept : source_(std::move(source)) {}
    Coro<std::string_view> next_piece() override;
    const Headers* trailers() const noexcept override { return source_->trailers(); }

private:
    std::unique_ptr<BodySource> source_;
};

// Follows a response in steps to its end.
class ResponseWatch {
public:
    virtual void response_ended() noexcept = 0;

protected:
    ~ResponseWatch() = default;
};

class Exchange {
public:
    explicit Exchange(MessageReader& messages) noexcept : messages_(messages), body_(messages) {}
    Exchange(const Exchange&) = delete;
    ~Exchange() { end_watch(); }
    // Whose requests are to be answered.
    void attach(StreamReader& reader, StreamWriter& writer) noexcept;

    // The head has come. Errors: none of the client's making.
    void begin(bool keep_alive);
    void end() noexcept;
    Request& request() noexcept { return request_; }
    WireBody& body() noexcept { return body_; }

    // Whether the response is one that can go out now, and then it has.
    bool send_now(Response& response);
    // Any response. Errors: ConnectionResetError and other OSErrors; what its source throws.
    Coro<> send(Response& response);

    // A response in steps: StreamResponse and send(). Errors of begin_stream: RuntimeError when one has begun.
    // `size`: of the body; nothing: unknown.
    void begin_stream(Response& response, std::optional<std::uint64_t> size);
    // `flush`: a coding holds nothing back. Errors: RuntimeError when it has ended; ValueError for more than the size.
    enum class Flush : bool { no, yes };
    void write(std::string_view data, Flush flush = Flush::no);
    // Is told once, when this response has ended or its connection goes.
    void set_watch(std::shared_ptr<ResponseWatch> watch) noexcept { watch_ = std::move(watch); }
    // Errors: ValueError for less than the size.
    void finish(const Headers* trailers = nullptr);
    // Of a response to HEAD, or an empty one.
    void finish_without_body() noexcept { ended_ = true; }
    // A part of the file becomes the body, or its next piece: the kernel sends it.
    Coro<> send_part(int fd, std::uint64_t offset, std::uint64_t size);
    // Whether something goes out without passing through the stream's buffer, and how much of it the kernel has taken.
    bool sends_in_place() const noexcept { return sends_in_place_; }
    std::size_t sent_in_place() const noexcept { return sent_in_place_; }

    bool head_sent() const noexcept { return head_sent_; }
    bool ended() const noexcept { return ended_; }
    bool sends_body() const noexcept { return sends_body_; }
    bool keep_alive() const noexcept { return keep_alive_; }
    void close_afterwards() noexcept { keep_alive_ = false; }
    bool taken_over() const noexcept { return taken_over_; }
    int status() const noexcept { return status_; }
    std::uint64_t body_bytes() const noexcept { return body_bytes_; }
    const std::shared_ptr<const Headers>& logged_headers() const noexcept { return logged_headers_; }
    void log_headers(bool on) noexcept { log_headers_ = on; }

    Upgraded take_over(const Headers& headers);
    // The connection has become a WebSocket, which ends with it.
    void set_websocket(std::shared_ptr<WSChannel> channel) noexcept { websocket_ = std::move(channel); }
    const std::shared_ptr<WSChannel>& websocket() const noexcept { return websocket_; }
    // Frees the memory of the request, which nobody will look at any more. Precondition: taken_over().
    void forget_request() noexcept;
    StreamWriter& writer() noexcept { return *writer_; }
    StreamReader& reader() noexcept { return *reader_; }

private:
    struct SendingInPlace {
        explicit SendingInPlace(Exchange& e) noexcept : exchange(e) {
            exchange.sends_in_place_ = true;
            exchange.sent_in_place_ = 0;
        }
        SendingInPlace(const SendingInPlace&) = delete;
        ~SendingInPlace() { exchange.sends_in_place_ = false; }
        Exchange& exchange;
    };
    void end_watch() noexcept {
        if (watch_) std::exchange(watch_, nullptr)->response_ended();
    }
    void write_head(Response& response, std::optional<std::uint64_t> size, std::string_view body);
    // Head and body, and the end.
    void write_whole(Response& response, std::string_view body);
    Coro<> send_whole(Response& response);
    Coro<> send_source(Response& response);
    // The coding that this response is to have, said in its headers.
    wire::Coding choose_coding(Response& response) const;
    wire::Coding wanted_coding(ContentCoding coding) const;

    StreamReader* reader_ = nullptr;
    StreamWriter* writer_ = nullptr;
    MessageReader& messages_;
    WireBody body_;
    std::unique_ptr<BodySource> unpacked_;
    RequestState state_;
    Request request_{state_};
    std::optional<wire::Encoder> encoder_;
    std::string packed_;                 // of the encoder: the next piece
    std::optional<std::uint64_t> left_;  // of the body, if its size is known
    std::shared_ptr<const Headers> logged_headers_;
    std::shared_ptr<ResponseWatch> watch_;
    std::shared_ptr<WSChannel> websocket_;
    std::uint64_t body_bytes_ = 0;
    std::size_t sent_in_place_ = 0;
    int status_ = 0;
    bool sends_in_place_ = false;
    bool keep_alive_ = true;
    bool head_sent_ = false, ended_ = false;
    bool chunked_ = false;
    bool sends_body_ = true;  // neither HEAD nor a status without one
    bool taken_over_ = false;
    bool log_headers_ = false;
};

// Conditions, ranges, and the file itself. In file_sender.cpp.
Coro<> send_file(Exchange& exchange, Response& response);

}  // namespace aio::http::detail
