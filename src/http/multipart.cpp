// Parts as the user reads them: their headers, their decoding, read(), text() and to_file(). multipart_state.cpp finds
// the delimiters in the body; form_data.cpp builds forms to send; server/request_reading.cpp has Request::post().
#include <aio/core/task.hpp>
#include <aio/core/wait.hpp>
#include <aio/http/multipart.hpp>
#include <aio/io/file.hpp>
#include <aio/io/file_system.hpp>

#include "http/decoded_body.hpp"
#include "http/multipart_state.hpp"
#include "http/wire/charset.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/transfer_encoding.hpp"

#include <exception>
#include <vector>

namespace aio::http {

namespace detail {

namespace {

// The bytes of a part as they stand in the body.
class RawPart final : public BodySource {
public:
    explicit RawPart(MultipartState& reader) noexcept : reader_(reader), serial_(reader.serial) {}
    Coro<std::string_view> next_piece() override {
        if (reader_.serial != serial_) {
            throw RuntimeError("this part was skipped by next(): read each part before calling next() again");
        }
        return reader_.read_piece();
    }

private:
    MultipartState& reader_;
    std::uint64_t serial_;
};

// Without its Content-Transfer-Encoding.
class TransferredPart final : public BodySource {
public:
    TransferredPart(BodySource& encoded, wire::TransferEncoding encoding) : encoded_(encoded), decoder_(encoding) {}

    Coro<std::string_view> next_piece() override {
        output_.clear();
        while (output_.empty() && !ended_) {
            const std::string_view piece = co_await encoded_.next_piece();
            ended_ = piece.empty();
            decode(piece);
        }
        co_return output_;
    }

private:
    void decode(std::string_view piece) {
        try {
            decoder_.decode(piece, output_);
            if (ended_) decoder_.finish(output_);
        } catch (const ValueError& error) {
            throw MultipartError(std::string("cannot decode the Content-Transfer-Encoding of a part: ") +
                                 error.what());
        }
    }

    BodySource& encoded_;
    wire::TransferDecoder decoder_;
    std::string output_;
    bool ended_ = false;
};

// Without its Content-Encoding, with the errors of multipart bodies.
class UnpackedPart final : public BodySource {
public:
    explicit UnpackedPart(std::unique_ptr<BodySource> unpacked) noexcept : unpacked_(std::move(unpacked)) {}

    Coro<std::string_view> next_piece() override {
        try {
            co_return co_await unpacked_->next_piece();
        } catch (const wire::CodingError& error) {
            throw MultipartError(std::string("multipart body, in a part: ") + error.what(),
                                 error.kind() == wire::CodingError::Kind::too_large);
        }
    }

private:
    std::unique_ptr<BodySource> unpacked_;
};

}  // namespace

MultipartPart::MultipartPart(std::shared_ptr<MultipartState> its_reader, Headers its_headers)
    : reader(std::move(its_reader)), headers(std::move(its_headers)) {
    read_headers();
    stack_sources();
    content = BodyReader(sources.back().get());
}

void MultipartPart::read_headers() {
    if (const auto text = headers.get("Content-Disposition")) {
        auto disposition = wire::parse_disposition(*text);
        if (!disposition) {
            throw MultipartError("a part has the Content-Disposition '" + wire::printable(*text) +
                                 "', which is malformed");
        }
        name = std::move(disposition->name);
        filename = std::move(disposition->filename);
    }
    const auto type = wire::parse_media_type(headers.get("Content-Type", "text/plain"));
    content_type = type ? type->essence() : "application/octet-stream";
    if (!type) return;
    charset = type->charset();
    if (type->type == "multipart") boundary = type->parameter("boundary");
}

void MultipartPart::stack_sources() {
    sources.push_back(std::make_unique<RawPart>(*reader));
    const std::string_view transferred = headers.get("Content-Transfer-Encoding", "");
    const auto encoding = wire::parse_transfer_encoding(transferred);
    if (!encoding) {
        throw MultipartError("a part has the Content-Transfer-Encoding '" + wire::printable(transferred) +
                             "', which is unknown");
    }
    if (*encoding != wire::TransferEncoding::identity) {
        sources.push_back(std::make_unique<TransferredPart>(*sources.back(), *encoding));
    }
    const std::string packed = headers.combined("Content-Encoding");
    if (packed.empty()) return;
    try {
        auto unpacked = decoded_body(*sources.back(), packed);
        if (unpacked) sources.push_back(std::make_unique<UnpackedPart>(std::move(unpacked)));
    } catch (const wire::CodingError& error) {
        throw MultipartError(std::string("multipart body, in a part: ") + error.what());
    }
}

}  // namespace detail

// --- parts -------------------------------------------------------------------------------------------------------

const Headers& BodyPart::headers() const noexcept { return part_->headers; }
const std::string& BodyPart::name() const noexcept { return part_->name; }
const std::optional<std::string>& BodyPart::filename() const noexcept { return part_->filename; }
const std::string& BodyPart::content_type() const noexcept { return part_->content_type; }
const std::string& BodyPart::charset() const noexcept { return part_->charset; }
BodyReader& BodyPart::content() noexcept { return part_->content; }
bool BodyPart::at_eof() const noexcept { return part_->content.at_eof(); }
bool BodyPart::is_multipart() const noexcept { return part_->content_type.starts_with("multipart/"); }

namespace {

using PartRef = std::shared_ptr<detail::MultipartPart>;

// These have the part as a parameter: it lives as long as they run, whatever becomes of the handle.

Coro<std::string> read_part(PartRef part) {
    const std::size_t most = part->reader->limits.max_memory;
    std::string text;
    while (true) {
        const std::string_view piece = co_await part->content.readany_view();
        if (piece.empty()) co_return text;
        if (piece.size() > most - text.size()) {
            throw MultipartError("the part '" + wire::printable(part->name) + "' is larger than the " +
                                     std::to_string(most) + " bytes that may be read into memory; use to_file()",
                                 true);
        }
        text += piece;
    }
}

Coro<std::string> read_part_text(PartRef part) {
    const std::string bytes = co_await read_part(part);
    co_return wire::to_utf8(bytes, part->charset);
}

Coro<> drop_part(PartRef part) {
    while (true) {
        const std::string_view piece = co_await part->content.readany_view();
        if (piece.empty()) co_return;
    }
}

// Removes what was written in vain, but never what is more than a file (a device, say).
Coro<> discard(Task<files::File> opening, std::string path) {
    try {
        const files::File file = co_await opening;
        co_await file.close();
        if (co_await files::isfile(path)) co_await files::remove(path);
    } catch (const Error&) {
        // The first error counts. What could not be opened is not ours to remove.
    }
}

Coro<std::uint64_t> write_part(PartRef part, files::File file) {
    std::uint64_t written = 0;
    while (true) {
        const std::string_view piece = co_await part->content.readany_view();
        if (piece.empty()) break;
        co_await file.write(piece);
        written += piece.size();
    }
    co_await file.close();
    co_return written;
}

Coro<std::uint64_t> write_part_to(PartRef part, std::string path) {
    // A task of its own: when this is cancelled, an open that has begun goes on, and its file has to go, too.
    const std::vector<Task<files::File>> opening(1, create_task(files::open(path, "wb")));
    std::exception_ptr failed;
    std::uint64_t written = 0;
    try {
        co_await wait(opening);
        const files::File file = co_await opening.front();
        written = co_await write_part(std::move(part), file);
    } catch (...) {
        failed = std::current_exception();  // also a cancellation: nothing is awaited in a handler
    }
    if (failed) {
        co_await discard(opening.front(), path);
        std::rethrow_exception(failed);
    }
    co_return written;
}

}  // namespace

Coro<std::string> BodyPart::read() { return read_part(part_); }
Coro<std::string> BodyPart::read_chunk(std::size_t size) {
    return part_->content.read(static_cast<std::ptrdiff_t>(size));
}
Coro<std::string> BodyPart::text() { return read_part_text(part_); }
Coro<std::uint64_t> BodyPart::to_file(std::string path) { return write_part_to(part_, std::move(path)); }
Coro<> BodyPart::release() { return drop_part(part_); }

MultipartReader BodyPart::multipart() {
    if (!is_multipart()) throw MultipartError("a part of the type " + part_->content_type + " has no parts");
    const std::size_t depth = part_->reader->depth + 1;
    if (depth > part_->reader->limits.max_depth) {
        throw MultipartError("the multipart body is nested more than " +
                                 std::to_string(part_->reader->limits.max_depth) + " levels deep",
                             true);
    }
    auto state = std::make_shared<detail::MultipartState>(part_->content, part_->boundary, part_->reader->limits);
    state->outer = part_;
    state->depth = depth;
    return MultipartReader(std::move(state));
}

// --- the reader --------------------------------------------------------------------------------------------------

MultipartReader::MultipartReader(BodyReader& body, std::string boundary, MultipartLimits limits)
    : state_(std::make_shared<detail::MultipartState>(body, boundary, limits)) {}
MultipartReader::MultipartReader(std::shared_ptr<detail::MultipartState> state) noexcept : state_(std::move(state)) {}
MultipartReader::MultipartReader(MultipartReader&&) noexcept = default;
MultipartReader& MultipartReader::operator=(MultipartReader&&) noexcept = default;
MultipartReader::~MultipartReader() = default;

bool MultipartReader::at_eof() const noexcept { return state_->stage == detail::MultipartState::Stage::ended; }

Coro<std::optional<BodyPart>> MultipartReader::next() {
    const std::shared_ptr<detail::MultipartState> state = state_;
    Headers headers;
    if (!co_await state->next_part(headers)) co_return std::nullopt;
    auto part = std::make_shared<detail::MultipartPart>(state, std::move(headers));
    co_return BodyPart(std::move(part));
}

std::string multipart_boundary(std::string_view content_type) {
    const auto type = wire::parse_media_type(content_type);
    if (!type || type->type != "multipart") {
        throw MultipartError("the content type '" + wire::printable(content_type) + "' is not multipart");
    }
    const std::string_view boundary = type->parameter("boundary");
    if (boundary.empty()) {
        throw MultipartError("the content type '" + wire::printable(content_type) + "' has no boundary parameter");
    }
    return std::string(boundary);
}

}  // namespace aio::http
