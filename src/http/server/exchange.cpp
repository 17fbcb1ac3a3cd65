// One request and its answer: the body that comes, the head and the body that go.
#include "http/server/exchange.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/status.hpp>
#include <aio/io/sendfile.hpp>

#include "base/per_thread.hpp"
#include "http/decoded_body.hpp"
#include "http/server/application_state.hpp"
#include "http/server/request_state.hpp"
#include "http/server/response_head.hpp"
#include "http/wire/syntax.hpp"
#include "io/stream/output_turn.hpp"

#include <cstdint>
#include <utility>

namespace aio::http::detail {

namespace {

// Where chunks are put together: no connection keeps memory for them.
std::string& scratch() {
    constinit thread_local static aio::detail::PerThread<std::string> memory;
    std::string& text = memory.get();
    text.clear();
    return text;
}

constexpr std::size_t kJoined = 16 * 1024;  // bodies up to this go into one write with their head, in bytes

bool is_plain(const Response& response) noexcept {
    const ResponseExtra* extra = response.extra_if_any();
    return !extra || (!extra->source && extra->file.empty() && !extra->coding && !extra->sent);
}

// To HEAD a handler may say how long the body is that GET would have (RFC 9110 section 8.6).
std::uint64_t length_of_get(const Response& response) noexcept {
    return wire::parse_number<std::uint64_t>(response.headers().get("Content-Length", "")).value_or(0);
}

}  // namespace

// --- the request's body ------------------------------------------------------------------------------------------

Coro<std::string_view> WireBody::next_piece() {
    if (continue_is_due_ && !messages_.done()) {
        continue_is_due_ = false;
        if (!messages_.has_more()) writer_->write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    struct Waiting {
        bool& flag;
        explicit Waiting(bool& f) noexcept : flag(f) { flag = true; }
        ~Waiting() { flag = false; }
    } const waiting(waiting_);
    std::string problem;
    try {
        const std::string_view piece = co_await messages_.next_piece();
        bytes_ += piece.size();
        co_return piece;
    } catch (const WireError& error) {
        problem = error.what();
    }
    throw RequestPayloadError(problem);
}

Coro<std::string_view> UnpackedBody::next_piece() {
    std::string problem;
    try {
        co_return co_await source_->next_piece();
    } catch (const wire::CodingError& error) {
        problem = error.what();
    }
    throw RequestPayloadError(problem);
}

// --- begin and end -----------------------------------------------------------------------------------------------

void Exchange::attach(StreamReader& reader, StreamWriter& writer) noexcept {
    reader_ = &reader;
    writer_ = &writer;
    body_.attach(writer);
}

void Exchange::begin(bool keep_alive) {
    wire::Head& head = messages_.head();
    BodySource* source = nullptr;
    body_.begin(!messages_.done() && head.expects_continue && head.minor_version == 1);
    if (!messages_.done()) {
        source = &body_;
        if (auto decoded = decoded_message(body_, head.headers)) {
            unpacked_ = std::make_unique<UnpackedBody>(std::move(decoded));
            source = unpacked_.get();
        }
    }
    state_.begin(head, this, source);
    // Behind CONNECT its client may have sent, ahead of the answer, what is meant for the tunnel: no requests of its own
    // (RFC 9931 section 8).
    keep_alive_ = keep_alive && head.keep_alive && !(head.upgrade && head.method == "CONNECT");
    sends_body_ = head.method != "HEAD";
    head_sent_ = ended_ = chunked_ = taken_over_ = false;
    body_bytes_ = 0;
    status_ = 0;
    left_.reset();
}

void Exchange::end() noexcept {
    end_watch();
    state_.end();
    if (unpacked_) unpacked_.reset();
    if (encoder_) encoder_.reset();
    logged_headers_.reset();
    websocket_.reset();
}

// --- responses in one piece ----------------------------------------------------------------------------------------

void Exchange::write_head(Response& response, std::optional<std::uint64_t> size, std::string_view body) {
    if (head_sent_) throw RuntimeError("this request has got its response already");
    status_ = response.status();
    if (status_ < 200 && status_ != 101) [[unlikely]]
        throw RuntimeError("a client still waits for the answer behind the status " + std::to_string(status_));
    state_.finish(response.headers());
    const bool bodiless = has_no_body(status_);
    if (bodiless) sends_body_ = false;
    const ResponseExtra* extra = response.extra_if_any();
    if (body_.continue_is_due()) keep_alive_ = false;
    if ((extra && extra->force_close) || response.headers().lists("Connection", "close")) keep_alive_ = false;
    Framing framing;
    framing.minor_version = messages_.head().minor_version;
    if (!bodiless) {
        framing.size = size == 0 && messages_.head().method == "HEAD" ? length_of_get(response) : size;
        framing.chunked = !size && framing.minor_version == 1;
        if (!size && !framing.chunked) keep_alive_ = false;
    } else if (status_ == 304) {
        framing.has_type = false;
    }
    framing.keep_alive = keep_alive_;
    const bool joined = sends_body_ && body.size() <= kJoined;
    writer_->write(head_and_body(response, framing, joined ? body : std::string_view()));
    if (sends_body_ && !joined) writer_->write(body);
    chunked_ = framing.chunked && sends_body_;
    left_ = sends_body_ ? size : std::optional<std::uint64_t>();
    head_sent_ = true;
    if (log_headers_) {
        auto headers = std::make_shared<Headers>();
        headers->update(response.headers());
        logged_headers_ = std::move(headers);
    }
}

bool Exchange::send_now(Response& response) {
    if (!is_plain(response) || response.body().size() > aio::detail::kWorthCopying) return false;
    if (!request_.app().state().prepare_signals.empty()) return false;
    write_whole(response, response.body());
    return true;
}

void Exchange::write_whole(Response& response, std::string_view body) {
    write_head(response, body.size(), body);
    if (sends_body_) body_bytes_ = body.size();
    ended_ = true;
}

Coro<> Exchange::send(Response& response) {
    const ResponseExtra* extra = response.extra_if_any();
    if (head_sent_) {
        if (!extra || !extra->sent) throw RuntimeError("the handler returned another response than the one it began");
        if (!ended_) finish();
        co_return;
    }
    if (extra && extra->sent) throw RuntimeError("the handler returned a StreamResponse of another request");
    for (const auto* signal : request_.app().state().prepare_signals) co_await signal->send(request_, response);
    extra = response.extra_if_any();
    if (extra && !extra->file.empty()) {
        co_await send_file(*this, response);
    } else if (extra && extra->source) {
        co_await send_source(response);
    } else if (const wire::Coding coding = choose_coding(response); coding != wire::Coding::identity) {
        std::string packed;
        wire::Encoder encoder(coding);
        encoder.encode(response.body(), packed);
        encoder.finish(packed);
        write_whole(response, packed);
    } else if (response.body().size() > aio::detail::kWorthCopying) {
        co_await send_whole(response);
    } else {
        write_whole(response, response.body());
    }
}

// From where it lies.
Coro<> Exchange::send_whole(Response& response) {
    const std::string_view body = response.body();
    write_head(response, body.size(), {});
    if (sends_body_) {
        const SendingInPlace sending(*this);
        co_await aio::detail::send_in_place(*writer_, body, &sent_in_place_);
        body_bytes_ = body.size();
    }
    ended_ = true;
}

Coro<> Exchange::send_source(Response& response) {
    BodySource& source = *response.extra().source;
    begin_stream(response, response.extra().source_size);
    while (sends_body_) {
        const std::string_view piece = co_await source.next_piece();
        if (piece.empty()) break;
        write(piece);
        co_await writer_->drain();
    }
    finish();
}

Coro<> Exchange::send_part(int fd, std::uint64_t offset, std::uint64_t size) {
    const SendingInPlace sending(*this);
    SendfileOptions options;
    options.offset = offset;
    options.count = size;
    options.progress = &sent_in_place_;
    const std::size_t sent = co_await sendfile(*writer_, fd, options);
    body_bytes_ += sent;
    if (left_) *left_ -= sent;
}

// --- responses in steps ----------------------------------------------------------------------------------------------

wire::Coding Exchange::choose_coding(Response& response) const {
    const ResponseExtra* extra = response.extra_if_any();
    if (!extra || !extra->coding || response.headers().contains("Content-Encoding")) return wire::Coding::identity;
    // What caches keep is for those clients only that would be answered the same.
    if (*extra->coding == ContentCoding::negotiate && !response.headers().lists("Vary", "Accept-Encoding")) {
        response.headers().add("Vary", "Accept-Encoding");
    }
    if (has_no_body(response.status())) return wire::Coding::identity;
    const wire::Coding coding = wanted_coding(*extra->coding);
    if (coding == wire::Coding::identity) return coding;
    response.header("Content-Encoding", wire::name(coding));
    // The same thing in other bytes, which may differ from one time to the next (RFC 9110 section 8.8.3).
    const auto etag = response.headers().get("ETag");
    if (etag && etag->starts_with('"')) response.header("ETag", "W/" + std::string(*etag));
    return coding;
}

wire::Coding Exchange::wanted_coding(ContentCoding coding) const {
    switch (coding) {
        case ContentCoding::negotiate: return wire::negotiate(request_.headers().combined("Accept-Encoding"));
        case ContentCoding::identity: return wire::Coding::identity;
        case ContentCoding::deflate: return wire::Coding::deflate;
        case ContentCoding::gzip: return wire::Coding::gzip;
        case ContentCoding::brotli: return wire::Coding::brotli;
        case ContentCoding::zstd: return wire::Coding::zstd;
    }
    return wire::Coding::identity;
}

void Exchange::begin_stream(Response& response, std::optional<std::uint64_t> size) {
    if (const wire::Coding coding = choose_coding(response); coding != wire::Coding::identity) {
        encoder_.emplace(coding);
        size.reset();
    }
    write_head(response, size, {});
}

void Exchange::write(std::string_view data, Flush flush) {
    if (ended_) throw RuntimeError("StreamResponse.write: the response has ended");
    if (data.empty() || !sends_body_) return;
    if (encoder_) {
        packed_.clear();
        encoder_->encode(data, packed_);
        if (flush == Flush::yes) encoder_->flush(packed_);
        data = packed_;
        if (data.empty()) return;
    }
    if (left_) {
        if (data.size() > *left_) throw ValueError("StreamResponse.write: more data than Content-Length says");
        *left_ -= data.size();
    }
    body_bytes_ += data.size();
    if (!chunked_) return writer_->write(data);
    std::string& text = scratch();
    wire::append_chunk_size(text, data.size());
    if (data.size() <= kJoined) {
        text.append(data).append("\r\n");
        return writer_->write(text);
    }
    writer_->write(text);
    writer_->write(data);
    writer_->write("\r\n");
}

void Exchange::finish(const Headers* trailers) {
    if (ended_) return;
    end_watch();
    if (encoder_ && sends_body_) {
        packed_.clear();
        encoder_->finish(packed_);
        encoder_.reset();
        const std::string last = std::exchange(packed_, {});
        write(last);
    }
    ended_ = true;
    if (chunked_) {
        std::string& text = scratch();
        text.append("0\r\n");
        if (trailers) {
            for (const auto& [name, value] : *trailers) wire::append_field(text, name, value);
        }
        text.append("\r\n");
        writer_->write(text);
    }
    if (left_ && *left_ > 0) {
        keep_alive_ = false;
        throw ValueError("the response has " + std::to_string(*left_) + " bytes less than its Content-Length says");
    }
}

// --- leaving HTTP ----------------------------------------------------------------------------------------------------

Upgraded Exchange::take_over(const Headers& headers) {
    Response response(101);
    response.headers().update(headers);
    write_head(response, std::nullopt, {});
    ended_ = taken_over_ = true;
    keep_alive_ = false;
    return Upgraded(*reader_, *writer_, std::string(messages_.take_rest()));
}

void Exchange::forget_request() noexcept {
    AIO_ASSERT(taken_over_);
    state_.forget_head();
    messages_.forget_parser();
    unpacked_.reset();
    packed_ = {};
}

}  // namespace aio::http::detail
