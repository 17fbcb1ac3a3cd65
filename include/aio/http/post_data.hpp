// The fields of a form that was posted (what aiohttp's request.post() gives).
//
//     const PostData* form = co_await request.post();
//     std::string_view name = form->get("name", "nobody");
//     if (const UploadedFile* photo = form->file("photo")) co_await photo->save("/srv/photos/" + new_name());
//
// Files stand on disk, in a file without a name that is gone with the request: memory does not grow with them.
// Thread rule: the loop's thread, until the handler has returned.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/parse_text.hpp>

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

class UploadedFile {
public:
    UploadedFile(std::string field, std::string file_name, std::string type,
                 std::shared_ptr<const aio::detail::UniqueFd> file, std::uint64_t bytes) noexcept
        : name_(std::move(field)),
          filename_(std::move(file_name)),
          content_type_(std::move(type)),
          file_(std::move(file)),
          size_(bytes) {}

    const std::string& name() const noexcept { return name_; }
    // What the client calls it: never a path to write to.
    const std::string& filename() const noexcept { return filename_; }
    const std::string& content_type() const noexcept { return content_type_; }
    std::uint64_t size() const noexcept { return size_; }
    // Open for reading and writing; it is closed with the last copy of this object.
    int fileno() const noexcept;

    Coro<std::string> read() const;
    // Copies it to a file, replacing one that is there. Cancel, Errors (OSError): a part may be there.
    Coro<> save(IntoString path) const;

private:
    std::string name_, filename_, content_type_;
    std::shared_ptr<const aio::detail::UniqueFd> file_;
    std::uint64_t size_;
};

class PostData {
public:
    struct Field {
        Field(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
        std::string name, value;
    };

    // The first field of this name that is no file.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    std::string_view get(std::string_view name, std::string_view otherwise) const noexcept;
    // The same as a number, a bool or a std::string: form->get<int>("age"). Errors: HTTPBadRequest for what is no T.
    template <detail::ParsedFromText T>
    std::optional<T> get(std::string_view name) const {
        return detail::parse_parameter<T>("form field", name, get(name));
    }
    template <detail::ParsedFromText T>
    T get(std::string_view name, std::type_identity_t<T> otherwise) const {
        return get<T>(name).value_or(std::move(otherwise));
    }
    std::vector<std::string_view> getall(std::string_view name) const;
    // The first file of this name, or null.
    const UploadedFile* file(std::string_view name) const noexcept;

    // In the order they came.
    const std::vector<Field>& fields() const noexcept { return fields_; }
    const std::vector<UploadedFile>& files() const noexcept { return files_; }

    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    void add(UploadedFile file) { files_.push_back(std::move(file)); }

private:
    std::vector<Field> fields_;
    std::vector<UploadedFile> files_;
};

}  // namespace aio::http
