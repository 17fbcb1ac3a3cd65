// A form to send (aiohttp.FormData): fields, files, streams.
//
//     aio::http::FormData form;
//     form.add_field("name", "Zoë").add_file("photo", "/home/zoe/cat.jpg");
//     co_await session.post(url).data(std::move(form));
//
// It is sent as multipart/form-data if there is a file, a stream, or a field with a file name or a content type;
// otherwise as application/x-www-form-urlencoded. Files are read piece by piece while they are sent.
//
// Source: WHATWG HTML, "multipart/form-data encoding algorithm" (2024); RFC 7578; aiohttp 3.11 formdata.py.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/url.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http {

// The options of a field of a form. Trivially destructible, so that `{.filename = "a.txt"}` is safe inside a co_await
// expression on g++ 12.
struct FieldOptions {
    std::string_view filename = {};      // makes the form multipart
    std::string_view content_type = {};  // default: by the extension of the file name; else none
};

// The body of a form: aiohttp.FormData.
class FormData {
public:
    // multipart: it is sent as multipart/form-data in any case.
    explicit FormData(bool multipart = false);
    explicit FormData(const Query& fields);

    // Appends a field. Errors of these three: ValueError for a content type that a header cannot contain.
    FormData& add_field(std::string_view name, std::string_view value, FieldOptions options = {});
    // Appends a file, which is read when the form is sent; its size is determined now. Default file name: that of the
    // path. Errors: FileNotFoundError and other OSErrors, also IsADirectoryError; when it is sent, RuntimeError if it
    // has become shorter.
    FormData& add_file(std::string_view name, IntoString path, FieldOptions options = {});
    // Appends a field whose content `pieces` yields. The form can then be sent only once.
    FormData& add_stream(std::string_view name, AsyncGenerator<std::string> pieces, FieldOptions options = {});

    // Whether it is sent as multipart/form-data.
    bool is_multipart() const noexcept;
    // Whether open() works more than once: there is no stream in it.
    bool reusable() const noexcept;
    // The number of fields, files and streams.
    std::size_t field_count() const noexcept;

    // The Content-Type of the form.
    std::string content_type() const;
    // The size of the whole body in bytes; nullopt if a stream or a pipe makes it unknown.
    std::optional<std::uint64_t> size() const;
    // The body, which does not need this object any more. Errors: RuntimeError the second time, if it is not reusable.
    std::unique_ptr<detail::BodySource> open() const;

    struct Fields;

private:
    Fields& own_fields();

    std::shared_ptr<Fields> fields_;  // shared with the bodies that were opened: changed only when they are gone
};

}  // namespace aio::http
