// Multipart bodies: whatever comes, cut however, gives the same parts or the same refusal. The first byte says how large
// the pieces are; the boundary is "B".
#include <aio/core/run.hpp>
#include <aio/http/multipart.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace aio::http;

namespace {

class Pieces final : public detail::BodySource {
public:
    Pieces(std::string_view text, std::size_t size) : text_(text), size_(size) {}
    aio::Coro<std::string_view> next_piece() override {
        const std::string_view piece = text_.substr(0, size_);
        text_.remove_prefix(piece.size());
        co_return piece;
    }

private:
    std::string_view text_;
    std::size_t size_;
};

// All that the reader makes of it, in one text.
aio::Coro<std::string> read_all(std::string_view text, std::size_t size) {
    Pieces source(text, size);
    BodyReader body(&source);
    MultipartLimits limits;
    limits.max_preamble = limits.max_memory = 1 << 20;
    MultipartReader parts(body, "B", limits);
    std::string result;
    try {
        while (auto part = co_await parts.next()) {
            result += "[" + part->name() + "|" + part->filename().value_or("-") + "|" + part->content_type() + "|";
            result += co_await part->read();
            result += "]";
        }
    } catch (const MultipartError&) {
        result += "refused";
    }
    co_return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string whole = aio::run(read_all(text, std::max<std::size_t>(text.size(), 1)));
    const std::string pieces = aio::run(read_all(text, std::max<std::size_t>(data[0], 1)));
    if (whole != pieces) std::abort();
    return 0;
}
