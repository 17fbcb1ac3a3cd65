// Request bodies by what they come from: text, a file, a form, a stream.
#include "http/client/payload.hpp"

#include <aio/base/error.hpp>
#include <aio/io/files.hpp>

#include "http/body_sources.hpp"
#include "http/wire/media_type.hpp"

namespace aio::http::detail {

Coro<> Payload::prepare() { co_return; }

namespace {

class TextPayload final : public Payload {
public:
    TextPayload(std::string text, std::string_view content_type)
        : Payload(std::string(content_type)), text_(std::make_shared<const std::string>(std::move(text))) {}

    std::optional<std::uint64_t> size() const override { return text_->size(); }
    std::optional<std::string_view> text() const noexcept override { return *text_; }
    std::unique_ptr<BodySource> open() override { return std::make_unique<TextBody>(text_); }

private:
    std::shared_ptr<const std::string> text_;  // sent from where it lies, perhaps when the request has gone
};

class FilePayload final : public Payload {
public:
    FilePayload(std::string path, std::string_view content_type)
        : Payload(std::string(content_type)), path_(std::move(path)) {}

    // What is no regular file (a FIFO) has no size that means anything.
    Coro<> prepare() override {
        const bool regular = co_await files::isfile(path_);
        if (regular) size_ = static_cast<std::uint64_t>(co_await files::getsize(path_));
    }
    std::optional<std::uint64_t> size() const override { return size_; }
    std::unique_ptr<BodySource> open() override { return std::make_unique<FileBody>(path_, 0, size_); }

private:
    std::string path_;
    std::optional<std::uint64_t> size_;
};

class FormPayload final : public Payload {
public:
    explicit FormPayload(FormData form) : Payload(form.content_type()), form_(std::move(form)) {}

    std::optional<std::uint64_t> size() const override { return form_.size(); }
    bool available() const noexcept override { return !opened_ || form_.reusable(); }
    std::unique_ptr<BodySource> open() override {
        opened_ = true;
        return form_.open();
    }

private:
    FormData form_;
    bool opened_ = false;
};

class StreamPayload final : public Payload {
public:
    StreamPayload(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> size,
                  std::string_view content_type)
        : Payload(std::string(content_type)), source_(std::move(source)), size_(size) {}

    std::optional<std::uint64_t> size() const override { return size_; }
    bool available() const noexcept override { return source_ != nullptr; }
    std::unique_ptr<BodySource> open() override {
        if (!source_) throw RuntimeError("the request's body was already sent, but it can be sent only once");
        return std::move(source_);
    }

private:
    std::unique_ptr<BodySource> source_;
    std::optional<std::uint64_t> size_;
};

}  // namespace

std::unique_ptr<Payload> text_payload(std::string text, std::string_view content_type) {
    return std::make_unique<TextPayload>(std::move(text), content_type);
}

std::unique_ptr<Payload> file_payload(std::string path, std::string_view content_type) {
    const std::string_view type = content_type.empty() ? wire::guess_media_type(path) : content_type;
    return std::make_unique<FilePayload>(std::move(path), type);
}

std::unique_ptr<Payload> form_payload(FormData form) { return std::make_unique<FormPayload>(std::move(form)); }

std::unique_ptr<Payload> stream_payload(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> size,
                                        std::string_view content_type) {
    return std::make_unique<StreamPayload>(std::move(source), size, content_type);
}

}  // namespace aio::http::detail
