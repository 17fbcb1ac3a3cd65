// permessage-deflate: the offer and its answer, and zlib for the messages. ws_frame.cpp sets and checks the bit that
// marks a message as compressed.
#include "http/wire/ws_deflate.hpp"

#include <aio/base/error.hpp>

#include "http/wire/coding_engines.hpp"
#include "http/wire/syntax.hpp"
#include "http/wire/ws_frame.hpp"
#include "http/wire/zlib_calls.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace aio::http::wire {

namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr std::string_view kTail("\0\0\xff\xff", 4);  // the empty block that ends a flush, and is not sent
constexpr std::size_t kLeastPiece = 256, kMostPiece = 16 * 1024;  // of output at a time

// zlib deflates with windows of 9 bits and more only.
constexpr int kLeastBits = 9, kMostBits = 15;

// One extension of the header: its name, and what stands behind it.
struct Parameters {
    bool known = false;  // permessage-deflate, and nothing about it is wrong
    bool server_no_context = false, client_no_context = false;
    std::optional<int> server_bits, client_bits;
    bool client_bits_named = false;  // with or without a value
};

std::string_view unquoted(std::string_view value) noexcept {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
    return value;
}

bool take_parameter(Parameters& all, std::string_view text) {
    std::string_view value = text;
    const std::string_view name = trimmed(take_until(value, '='));
    const bool has_value = text.find('=') != std::string_view::npos;
    value = unquoted(trimmed(value));
    const std::optional<int> bits = parse_number<int>(value);
    const bool good_bits = bits && *bits >= 8 && *bits <= kMostBits && value.front() != '0';
    if (name == "server_no_context_takeover") {
        return !has_value && !std::exchange(all.server_no_context, true);
    }
    if (name == "client_no_context_takeover") {
        return !has_value && !std::exchange(all.client_no_context, true);
    }
    if (name == "server_max_window_bits") {
        return good_bits && !std::exchange(all.server_bits, bits);
    }
    if (name == "client_max_window_bits") {
        if (has_value && !good_bits) return false;
        all.client_bits = has_value ? bits : std::nullopt;
        return !std::exchange(all.client_bits_named, true);
    }
    return false;
}

Parameters parse(std::string_view extension) {
    Parameters all;
    all.known = trimmed(take_until(extension, ';')) == kName;
    while (all.known && !extension.empty()) all.known = take_parameter(all, trimmed(take_until(extension, ';')));
    return all;
}

void append_bits(std::string& header, std::string_view name, int bits) {
    header.append("; ").append(name).append("=");
    append_number(header, static_cast<std::uint64_t>(bits));
}

}  // namespace

std::string ws_deflate_offer(int bits) {
    WSDeflateTerms terms;
    if (bits < kMostBits) terms.server_bits = bits;
    terms.client_bits_needed = true;
    return ws_deflate_offer(terms);
}

std::string ws_deflate_offer(const WSDeflateTerms& terms) {
    std::string offer(kName);
    if (terms.server_no_context) offer += "; server_no_context_takeover";
    if (terms.client_no_context) offer += "; client_no_context_takeover";
    if (terms.server_bits) append_bits(offer, "server_max_window_bits", *terms.server_bits);
    if (terms.client_bits) {
        append_bits(offer, "client_max_window_bits", *terms.client_bits);
    } else if (terms.client_bits_needed) {
        offer += "; client_max_window_bits";
    }
    return offer;
}

std::optional<WSDeflateAnswer> answer_ws_deflate(std::string_view offers, int bits) {
    WSDeflateTerms terms;
    if (bits < kMostBits) terms.server_bits = terms.client_bits = bits;
    return answer_ws_deflate(offers, terms);
}

std::optional<WSDeflateAnswer> answer_ws_deflate(std::string_view offers, const WSDeflateTerms& terms) {
    while (!offers.empty()) {
        const Parameters offer = parse(trimmed(take_until(offers, ',')));
        if (!offer.known || (offer.server_bits && *offer.server_bits < kLeastBits)) continue;
        if (terms.client_bits_needed && !offer.client_bits_named) continue;
        std::optional<WSDeflateAnswer> answer(std::in_place);
        answer->header = kName;
        WSDeflate& agreed = answer->agreed;
        agreed.server_no_context = offer.server_no_context || terms.server_no_context;
        agreed.client_no_context = offer.client_no_context || terms.client_no_context;
        if (agreed.server_no_context) answer->header += "; server_no_context_takeover";
        if (agreed.client_no_context) answer->header += "; client_no_context_takeover";
        agreed.server_bits = std::min(offer.server_bits.value_or(kMostBits), terms.server_bits.value_or(kMostBits));
        if (agreed.server_bits < kMostBits || offer.server_bits) {  // a server may limit itself unasked
            append_bits(answer->header, "server_max_window_bits", agreed.server_bits);
        }
        // The client may only be limited if it offered that (RFC 7692 section 7.1.2.2).
        if (offer.client_bits_named) {
            agreed.client_bits =
                std::min(offer.client_bits.value_or(kMostBits), terms.client_bits.value_or(kMostBits));
        }
        if (agreed.client_bits < kMostBits || offer.client_bits) {
            append_bits(answer->header, "client_max_window_bits", agreed.client_bits);
        }
        return answer;
    }
    return std::nullopt;
}

std::optional<WSDeflate> parse_ws_deflate(std::string_view header, int bits) {
    WSDeflateTerms offered;
    if (bits < kMostBits) offered.server_bits = bits;
    offered.client_bits_needed = true;
    std::optional<WSDeflate> agreed = parse_ws_deflate(header, offered);
    if (agreed) agreed->client_bits = std::min(agreed->client_bits, bits);
    return agreed;
}

std::optional<WSDeflate> parse_ws_deflate(std::string_view header, const WSDeflateTerms& offered) {
    if (trimmed(header).empty()) return std::nullopt;
    const Parameters given = parse(header);
    const int client_most = offered.client_bits.value_or(kMostBits);
    const int server_bits = given.server_bits.value_or(kMostBits);
    const bool mine_too_small = given.client_bits && *given.client_bits < kLeastBits;
    const bool client_bits_empty = given.client_bits_named && !given.client_bits;
    const bool client_bits_unasked = given.client_bits_named && !offered.client_bits && !offered.client_bits_needed;
    const bool client_bits_too_large = given.client_bits && *given.client_bits > client_most;
    const bool server_too_large = offered.server_bits && server_bits > *offered.server_bits;
    const bool server_keeps_context = offered.server_no_context && !given.server_no_context;
    if (!given.known || mine_too_small || client_bits_empty || client_bits_unasked || client_bits_too_large ||
        server_too_large || server_keeps_context) {
        throw ValueError("the server answers with extensions that were not offered: " + printable(header));
    }
    WSDeflate agreed;
    agreed.server_no_context = given.server_no_context;
    agreed.client_no_context = given.client_no_context || offered.client_no_context;
    agreed.server_bits = server_bits;
    agreed.client_bits = given.client_bits.value_or(client_most);
    return agreed;
}

// --- compression -----------------------------------------------------------------------------------------------------

WSDeflater::WSDeflater(int bits, bool no_context, int memory_level) noexcept
    : bits_(bits), memory_level_(memory_level), no_context_(no_context) {}

WSDeflater::~WSDeflater() { release(); }

void WSDeflater::release() noexcept {
    if (stream_) ::deflateEnd(stream_.get());
    stream_.reset();
}

void WSDeflater::deflate(std::string_view message, std::string& output) { deflate_part(message, true, output); }

void WSDeflater::deflate_part(std::string_view part, bool last, std::string& output) {
    if (part.empty()) {
        if (last) output += '\0';  // an empty block (RFC 7692 section 7.2.3.6)
        return;
    }
    if (!stream_) {
        auto stream = std::make_unique<z_stream>();
        check_memory(::deflateInit2(stream.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, -bits_, memory_level_,
                                    Z_DEFAULT_STRATEGY));
        stream_ = std::move(stream);
    }
    const std::size_t piece = std::clamp(part.size(), kLeastPiece, kMostPiece);
    do {
        const uInt offered = offer_input(*stream_, part);
        const int flush = offered == part.size() ? Z_SYNC_FLUSH : Z_NO_FLUSH;
        const auto step = [&](char* room, std::size_t size) {
            offer_room(*stream_, room, size);
            ::deflate(stream_.get(), flush);  // errs only when there is nothing to do
            return size - stream_->avail_out;
        };
        do {
            append_to(output, step, piece);
        } while (stream_->avail_out == 0);
        part.remove_prefix(offered - stream_->avail_in);
    } while (!part.empty());
    if (!last) return;
    output.resize(output.size() - kTail.size());
    if (no_context_) ::deflateReset(stream_.get());
}

// --- decompression ---------------------------------------------------------------------------------------------------

namespace {

// Whether what inflate() has read so far ends with a block and a byte. Source: zlib.h on inflate() and data_type.
bool between_blocks(const z_stream& stream) noexcept {
    constexpr int kBlockEnded = 128, kBitsLeft = 63;
    return (stream.data_type & kBlockEnded) != 0 && (stream.data_type & kBitsLeft) == 0;
}

}  // namespace

WSInflater::WSInflater(int bits, bool no_context) noexcept : bits_(bits), no_context_(no_context) {}

WSInflater::~WSInflater() {
    if (stream_) ::inflateEnd(stream_.get());
}

void WSInflater::open() {
    auto stream = std::make_unique<z_stream>();
    check_memory(::inflateInit2(stream.get(), -bits_));
    stream_ = std::move(stream);
    if (window_.empty()) return;
    const auto* bytes = reinterpret_cast<const Bytef*>(window_.data());
    const int result = ::inflateSetDictionary(stream_.get(), bytes, static_cast<uInt>(window_.size()));
    if (result != Z_OK) {
        ::inflateEnd(stream_.get());
        stream_.reset();
        throw std::bad_alloc();  // the window's memory: a raw stream has nothing else to object to
    }
    window_ = {};
}

void WSInflater::release() noexcept {
    if (!stream_) return;
    if (!no_context_) {
        if (!between_blocks(*stream_)) return;
        uInt size = 0;
        ::inflateGetDictionary(stream_.get(), nullptr, &size);
        try {
            std::string window(size, '\0');
            ::inflateGetDictionary(stream_.get(), reinterpret_cast<Bytef*>(window.data()), &size);
            window_ = std::move(window);
        } catch (const std::bad_alloc&) {
            return;  // then the state stays
        }
    }
    ::inflateEnd(stream_.get());
    stream_.reset();
}

bool WSInflater::inflate(std::string_view piece, std::string& output, std::uint64_t max_size) {
    if (!stream_) open();
    const std::size_t most_room = std::clamp(piece.size() * 4, kLeastPiece, kMostPiece);
    bool room_was_full = false;  // then there may be more without input
    while (!piece.empty() || room_was_full) {
        // One byte of room above the limit, to notice that it is exceeded.
        std::size_t room = most_room;
        if (max_size - output.size() < room) room = static_cast<std::size_t>(max_size - output.size()) + 1;
        const uInt offered = offer_input(*stream_, piece);
        int result = Z_OK;
        const auto step = [&](char* begin, std::size_t size) {
            offer_room(*stream_, begin, size);
            result = ::inflate(stream_.get(), Z_SYNC_FLUSH);
            return size - stream_->avail_out;
        };
        append_to(output, step, room);
        piece.remove_prefix(offered - stream_->avail_in);
        room_was_full = stream_->avail_out == 0;
        if (result == Z_MEM_ERROR) throw std::bad_alloc();
        // The limit counts before later errors in the data, which zlib may have found already.
        if (output.size() > max_size) return false;
        if (result == Z_STREAM_END) {
            ::inflateReset(stream_.get());  // a block marked as the last one: the next begins anew (section 7.2.3.4)
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            throw WSProtocolError(1002, std::string("WebSocket: a compressed message is broken: ") +
                                            (stream_->msg ? stream_->msg : "bad data"));
        }
    }
    return true;
}

bool WSInflater::finish_message(std::string& output, std::uint64_t max_size) {
    if (!inflate(kTail, output, max_size)) return false;
    if (no_context_) ::inflateReset(stream_.get());
    return true;
}

}  // namespace aio::http::wire
