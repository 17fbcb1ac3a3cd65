// The fields of a form that was posted (the result of aiohttp's request.post()).
//
//     const PostData* form = co_await request.post();
//     std::string_view name = form->get("name", "nobody");
//     if (const UploadedFile* photo = form->file("photo")) co_await photo->save("/srv/photos/" + new_name());
//
// Uploaded files are on disk, in a file without a name that is removed with the request: they take no memory.
// Thread rule: the loop's thread, until the handler has returned.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/server/parse_text.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::detail {
class UniqueFd;
}

namespace aio::http {

// A file of a posted form: aiohttp.web.FileField.
class UploadedFile {
public:
    // For the library: Request::post() makes it.
    UploadedFile(std::string field, std::string file_name, std::string type,
                 std::shared_ptr<const aio::detail::UniqueFd> file, std::uint64_t bytes) noexcept
        : name_(std::move(field)),
          filename_(std::move(file_name)),
          content_type_(std::move(type)),
          file_(std::move(file)),
          size_(bytes) {}

    // The name of the field.
    const std::string& name() const noexcept { return name_; }
    // The file name that the client gives: do not use it as a path.
    const std::string& filename() const noexcept { return filename_; }
    // The media type that the client gives.
    const std::string& content_type() const noexcept { return content_type_; }
    // The size in bytes.
    std::uint64_t size() const noexcept { return size_; }
    // A descriptor for reading and writing; it is closed with the last copy of this object.
    int fileno() const noexcept;

    // All bytes of the file, read on a thread. Errors: OSError.
    Coro<std::string> read() const;
    // Copies it to a file on a thread, and replaces an existing one. Cancel, Errors (OSError):
    // a part may have been written.
    Coro<> save(IntoString path) const;

private:
    std::string name_, filename_, content_type_;
    std::shared_ptr<const aio::detail::UniqueFd> file_;
    std::uint64_t size_;
};

// The fields and files of a posted form, in the order in which they were sent.
class PostData {
public:
    // A field that is no file.
    struct Field {
        Field(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
        std::string name, value;
    };

    // The value of the first field of this name that is no file; nullopt, or `otherwise`, if there is none.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    std::string_view get(std::string_view name, std::string_view otherwise) const noexcept;
    // The same as a number, a bool or a std::string: form->get<int>("age"). Errors:
    // HTTPBadRequest for a value that is no T.
    template <detail::ParsedFromText T>
    std::optional<T> get(std::string_view name) const {
        return detail::parse_parameter<T>("form field", name, get(name));
    }
    template <detail::ParsedFromText T>
    T get(std::string_view name, std::type_identity_t<T> otherwise) const {
        return get<T>(name).value_or(std::move(otherwise));
    }
    // The values of all fields of this name.
    std::vector<std::string_view> getall(std::string_view name) const;
    // The first file of this name, or null.
    const UploadedFile* file(std::string_view name) const noexcept;

    // All fields, all files.
    const std::vector<Field>& fields() const noexcept { return fields_; }
    const std::vector<UploadedFile>& files() const noexcept { return files_; }

    // For the library: appends a field, a file.
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    void add(UploadedFile file) { files_.push_back(std::move(file)); }

private:
    std::vector<Field> fields_;
    std::vector<UploadedFile> files_;
};

}  // namespace aio::http
