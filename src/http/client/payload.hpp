// Bodies that requests send: what they come from, how long they are, whether they can be sent again.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/form_data.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::detail {

class Payload {
public:
    explicit Payload(std::string content_type) noexcept : content_type_(std::move(content_type)) {}
    virtual ~Payload() = default;

    // Called before anything else, once for each time it is sent. Errors: OSError.
    virtual Coro<> prepare();
    // In bytes, if it is known.
    virtual std::optional<std::uint64_t> size() const = 0;
    // All of it, if it is in memory.
    virtual std::optional<std::string_view> text() const noexcept { return std::nullopt; }
    // Whether it can be sent (once more).
    virtual bool available() const noexcept { return true; }
    // Errors: RuntimeError when it is used up.
    virtual std::unique_ptr<BodySource> open() = 0;

    const std::string& content_type() const noexcept { return content_type_; }

private:
    std::string content_type_;
};

std::unique_ptr<Payload> text_payload(std::string text, std::string_view content_type);
std::unique_ptr<Payload> file_payload(std::string path, std::string_view content_type);
std::unique_ptr<Payload> form_payload(FormData form);
// Can be sent once.
std::unique_ptr<Payload> stream_payload(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> size,
                                        std::string_view content_type);

}  // namespace aio::http::detail
