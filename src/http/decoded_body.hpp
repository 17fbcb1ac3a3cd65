// Bodies in another coding than they come in: what is read is unpacked (DecodedBody); what is sent is packed
// (EncodedBody).
#pragma once

#include <aio/http/body_reader.hpp>
#include <aio/http/headers.hpp>

#include "http/wire/coding.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aio::http::detail {

// `packed`, which outlives this, without its coding. Errors: wire::CodingError and what `packed` throws.
// Cancel: nothing is lost. A coding error ends it: it is thrown again by every further call.
class DecodedBody final : public BodySource {
public:
    DecodedBody(BodySource& packed, wire::Coding coding, wire::DecoderLimits limits = {})
        : packed_(packed), decoder_(coding, limits) {}

    Coro<std::string_view> next_piece() override;
    const Headers* trailers() const noexcept override { return packed_.trailers(); }

private:
    BodySource& packed_;
    wire::Decoder decoder_;
    std::string_view rest_;  // of packed_'s last piece
    bool ended_ = false;
};

// `packed` without all the codings that `content_encoding` names, the last one first. Null: it names none; `packed` is
// the body. Errors: wire::CodingError (broken) for a coding that we do not have.
std::unique_ptr<BodySource> decoded_body(BodySource& packed, std::string_view content_encoding,
                                         wire::DecoderLimits limits = {});

// The same for a message with these headers. Null also where we do not have a coding: the body stays as it came, and
// whoever reads it sees the header that says so.
std::unique_ptr<BodySource> decoded_message(BodySource& packed, const Headers& headers,
                                            wire::DecoderLimits limits = {});

// `plain`, which outlives this, in a coding.
class EncodedBody final : public BodySource {
public:
    // flush_pieces: each piece of `plain` can be unpacked once its packed form has come: for events and logs.
    EncodedBody(BodySource& plain, wire::Coding coding, int level = -1, bool flush_pieces = false)
        : plain_(plain), encoder_(coding, level), flush_pieces_(flush_pieces) {}

    Coro<std::string_view> next_piece() override;

private:
    BodySource& plain_;
    wire::Encoder encoder_;
    std::string_view rest_;  // of plain_'s last piece
    std::string output_;
    bool flush_pieces_;
    bool ended_ = false;
};

}  // namespace aio::http::detail
