// Forms that are sent: fields and files, URL-encoded or multipart. multipart.cpp reads them.
#include <aio/base/error.hpp>
#include <aio/http/form_data.hpp>

#include "http/body_sources.hpp"
#include "http/wire/media_type.hpp"
#include "http/wire/random.hpp"
#include "http/wire/syntax.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

namespace aio::http {

namespace {

// A stream, which can be sent only once. Copies of a form share it.
struct OnceOnly {
    AsyncGenerator<std::string> pieces;
    bool taken = false;
};

struct Field {
    enum class Kind : std::uint8_t { text, file, stream };
    Kind kind = Kind::text;
    std::string name;
    std::string value;  // of a file its path
    std::string filename, content_type;
    std::uint64_t size = 0;  // but of a stream
    std::shared_ptr<OnceOnly> stream;

    bool needs_multipart() const noexcept { return kind != Kind::text || !filename.empty() || !content_type.empty(); }
};

// 128 random bits: data contains the boundary only if somebody who knows it puts it there.
std::string random_boundary() { return "----aiocpp" + wire::random_hex(16); }

// As browsers do: these three would end the name, or the header; all else stays as it is, in UTF-8.
void append_escaped(std::string& text, std::string_view name) {
    for (const char c : name) {
        if (c == '"') {
            text += "%22";
        } else if (c == '\r') {
            text += "%0D";
        } else if (c == '\n') {
            text += "%0A";
        } else {
            text += c;
        }
    }
}

std::string part_head(const Field& field, const std::string& boundary) {
    std::string head = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"";
    append_escaped(head, field.name);
    head += '"';
    if (!field.filename.empty()) {
        head += "; filename=\"";
        append_escaped(head, field.filename);
        head += '"';
    }
    if (!field.content_type.empty()) head += "\r\nContent-Type: " + field.content_type;
    return head + "\r\n\r\n";
}

std::string closing(const std::string& boundary) { return "--" + boundary + "--\r\n"; }

}  // namespace

struct FormData::Fields {
    std::vector<Field> all;
    std::string boundary;  // empty unless it is multipart

    std::string urlencoded() const {
        Query query;
        for (const Field& field : all) query.emplace_back(field.name, field.value);
        return urlencode(query);
    }
};

namespace {

// The parts of a form one after the other: a head, what the field has, the line's end.
class FormBody final : public detail::BodySource {
public:
    explicit FormBody(std::shared_ptr<const FormData::Fields> form) noexcept : form_(std::move(form)) {
        for (const Field& field : form_->all) {
            if (field.stream) field.stream->taken = true;
        }
    }

    Coro<std::string_view> next_piece() override {
        while (true) {
            switch (stage_) {
                case Stage::head: co_return next_head();
                case Stage::content: {
                    const std::string_view piece = co_await content_->next_piece();
                    if (!piece.empty()) co_return piece;
                    content_.reset();
                    ++index_;
                    stage_ = Stage::head;
                    co_return std::string_view("\r\n");
                }
                case Stage::end: co_return std::string_view();
            }
        }
    }

private:
    enum class Stage : std::uint8_t { head, content, end };

    std::string_view next_head() {
        if (index_ == form_->all.size()) {
            stage_ = Stage::end;
            return head_ = closing(form_->boundary);
        }
        const Field& field = form_->all[index_];
        head_ = part_head(field, form_->boundary);
        if (field.kind == Field::Kind::text) {
            // Not a piece of its own: small fields are many.
            head_ += field.value;
            head_ += "\r\n";
            ++index_;
        } else if (field.kind == Field::Kind::file) {
            content_ = std::make_unique<detail::FileBody>(field.value, 0, field.size);
            stage_ = Stage::content;
        } else {
            content_ = std::make_unique<detail::GeneratorBody>(std::move(field.stream->pieces));
            stage_ = Stage::content;
        }
        return head_;
    }

    std::shared_ptr<const FormData::Fields> form_;
    std::unique_ptr<detail::BodySource> content_;
    std::string head_;
    std::size_t index_ = 0;
    Stage stage_ = Stage::head;
};

}  // namespace

FormData::FormData(bool multipart) : fields_(std::make_shared<Fields>()) {
    if (multipart) fields_->boundary = random_boundary();
}

FormData::FormData(const Query& fields) : FormData() {
    for (const auto& [name, value] : fields) add_field(name, value);
}

// Bodies that were opened, and copies of this form, keep theirs.
FormData::Fields& FormData::own_fields() {
    if (fields_.use_count() > 1) fields_ = std::make_shared<Fields>(*fields_);
    return *fields_;
}

namespace {

Field named(std::string_view name, const FieldOptions& options) {
    if (!wire::is_field_value(options.content_type)) {
        throw ValueError("the content type '" + wire::printable(options.content_type) + "' of the form's field '" +
                         wire::printable(name) + "' has a control character");
    }
    Field field;
    field.name = name;
    field.filename = options.filename;
    field.content_type = options.content_type;
    return field;
}

void add(FormData::Fields& fields, Field field) {
    if (field.content_type.empty() && !field.filename.empty()) {
        field.content_type = wire::guess_media_type(field.filename);
    }
    if (field.needs_multipart() && fields.boundary.empty()) fields.boundary = random_boundary();
    fields.all.push_back(std::move(field));
}

}  // namespace

FormData& FormData::add_field(std::string_view name, std::string_view value, FieldOptions options) {
    Field field = named(name, options);
    field.value = value;
    field.size = value.size();
    add(own_fields(), std::move(field));
    return *this;
}

FormData& FormData::add_file(std::string_view name, IntoString at, FieldOptions options) {
    std::string path = std::move(at).str();
    Field field = named(name, options);
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) throw_os_error(errno, "stat '" + path + "' for a form");
    if (S_ISDIR(status.st_mode)) throw_os_error(EISDIR, "read '" + path + "' for a form");
    if (!S_ISREG(status.st_mode)) throw ValueError("'" + path + "' is not a regular file; use add_stream()");
    field.kind = Field::Kind::file;
    field.size = static_cast<std::uint64_t>(status.st_size);
    if (field.filename.empty()) field.filename = path.substr(path.rfind('/') + 1);
    field.value = std::move(path);
    add(own_fields(), std::move(field));
    return *this;
}

FormData& FormData::add_stream(std::string_view name, AsyncGenerator<std::string> pieces, FieldOptions options) {
    Field field = named(name, options);
    field.kind = Field::Kind::stream;
    field.stream = std::make_shared<OnceOnly>();
    field.stream->pieces = std::move(pieces);
    add(own_fields(), std::move(field));
    return *this;
}

bool FormData::is_multipart() const noexcept { return !fields_->boundary.empty(); }

bool FormData::reusable() const noexcept {
    for (const Field& field : fields_->all) {
        if (field.kind == Field::Kind::stream) return false;
    }
    return true;
}

std::size_t FormData::field_count() const noexcept { return fields_->all.size(); }

std::string FormData::content_type() const {
    return is_multipart() ? "multipart/form-data; boundary=" + fields_->boundary
                          : "application/x-www-form-urlencoded";
}

std::optional<std::uint64_t> FormData::size() const {
    if (!is_multipart()) return fields_->urlencoded().size();
    std::uint64_t size = closing(fields_->boundary).size();
    for (const Field& field : fields_->all) {
        if (field.kind == Field::Kind::stream) return std::nullopt;
        size += part_head(field, fields_->boundary).size() + field.size + 2;
    }
    return size;
}

std::unique_ptr<detail::BodySource> FormData::open() const {
    if (!is_multipart()) return std::make_unique<detail::TextBody>(fields_->urlencoded());
    for (const Field& field : fields_->all) {
        if (field.stream && field.stream->taken) {
            throw RuntimeError("the form's field '" + wire::printable(field.name) +
                               "' is a stream that was already sent; a stream can be sent only once");
        }
    }
    return std::make_unique<FormBody>(fields_);
}

}  // namespace aio::http
