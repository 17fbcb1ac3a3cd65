// The body of a request as a whole: bytes, text, JSON, forms.
#include <aio/base/error.hpp>
#include <aio/http/json.hpp>
#include <aio/http/multipart.hpp>
#include <aio/http/server/application.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/post_data.hpp>
#include <aio/http/server/request.hpp>
#include <aio/io/file.hpp>
#include <aio/sync/threads.hpp>

#include "base/unique_fd.hpp"
#include "http/json_text.hpp"
#include "http/server/opened_file.hpp"
#include "http/server/request_state.hpp"
#include "http/wire/charset.hpp"
#include "http/wire/media_type.hpp"
#include "io/files/system_calls.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace aio::http {

using aio::detail::UniqueFd;

namespace {

// What the application takes; 0: any size. Mocked requests have no application.
std::uint64_t size_limit(const Request& request) {
    return request.state().exchange ? request.app().client_max_size() : 0;
}

// Throws when `size` bytes are more than that.
void check_size(const Request& request, std::uint64_t size) {
    const std::uint64_t limit = size_limit(request);
    if (limit > 0 && size > limit) throw HTTPRequestEntityTooLarge(limit, size);
}

// Shared with the threads that use it: a handler that is cancelled does not wait for them.
std::shared_ptr<const UniqueFd> own(int fd) { return std::make_shared<const UniqueFd>(fd); }

// A file without a name, on disk.
int open_unnamed() {
    const int fd = aio::detail::open_nameless(P_tmpdir, O_RDWR);
    if (fd < 0) throw_os_error(-fd, "make a temporary file in " P_tmpdir);
    return fd;
}

void write_all(int fd, std::string_view data, const char* attempted) {
    std::size_t written = 0;
    const int error = aio::detail::write_all_waiting(fd, data.data(), data.size(), written);
    if (error < 0) throw_os_error(-error, attempted);
}

void copy_file(int from, std::uint64_t size, const std::string& path) {
    const UniqueFd target(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    const int to = target.get();
    if (to < 0) throw_os_error(errno, "open " + path);
    off_t offset = 0;
    while (static_cast<std::uint64_t>(offset) < size) {
        const ssize_t copied =
            ::copy_file_range(from, &offset, to, nullptr, size - static_cast<std::uint64_t>(offset), 0);
        if (copied > 0) continue;
        if (copied < 0 && errno == EINTR) continue;
        if (copied == 0) return;
        break;  // between file systems of different kinds, or of an old kernel
    }
    char block[64 * 1024];
    while (static_cast<std::uint64_t>(offset) < size) {
        const ssize_t got = ::pread(from, block, sizeof block, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw_os_error(errno, "read an uploaded file");
        if (got == 0) return;
        write_all(to, {block, static_cast<std::size_t>(got)}, "save an uploaded file");
        offset += got;
    }
}

// Fields are text: bytes of any charset come as UTF-8.
std::string field_text(std::string_view bytes, std::string_view charset) {
    try {
        return wire::to_utf8(bytes, charset, wire::DecodeErrors::replace);
    } catch (const UnknownCharsetError& error) {
        throw HTTPUnsupportedMediaType(std::string("415: ") + error.what());
    }
}

// A part with a file name: to disk, in pieces, on a thread.
Coro<UploadedFile> store_part(Request& request, BodyPart part, std::uint64_t& total) {
    const auto file = own(open_unnamed());
    std::uint64_t size = 0;
    while (true) {
        const auto piece = std::make_shared<std::string>(co_await part.read_chunk(256 * 1024));
        if (piece->empty()) break;
        size += piece->size();
        total += piece->size();
        check_size(request, total);
        auto write = [file, piece] { write_all(file->get(), *piece, "store an uploaded file"); };
        co_await to_thread(write);
    }
    co_return UploadedFile(part.name(), *part.filename(), part.content_type(), file, size);
}

[[noreturn]] void refuse_multipart(const MultipartError& error, std::uint64_t limit) {
    if (error.too_large()) throw HTTPRequestEntityTooLarge(limit, limit + 1, error.what());
    throw HTTPBadRequest(std::string("400: ") + error.what());
}

MultipartReader open_multipart(Request& request, const MultipartLimits& limits) {
    try {
        const std::string_view type = request.headers().get("Content-Type", "");
        return MultipartReader(request.content(), multipart_boundary(type), limits);
    } catch (const MultipartError& error) {
        refuse_multipart(error, 0);
    }
}

// The limit of the application counts twice: for all that is received, and for what the parts are once decoded.
Coro<> read_multipart(Request& request, MultipartLimits limits, PostData& post) {
    MultipartReader parts = open_multipart(request, limits);
    std::uint64_t total = 0;
    while (true) {
        std::optional<BodyPart> part = co_await parts.next();
        if (!part) co_return;
        if (part->filename()) {
            post.add(co_await store_part(request, *part, total));
            continue;
        }
        std::string value;
        while (true) {
            const std::string piece = co_await part->read_chunk();
            if (piece.empty()) break;
            total += piece.size();
            check_size(request, total);
            value += piece;
        }
        post.add(part->name(), field_text(value, part->charset()));
    }
}

}  // namespace

// --- the whole body --------------------------------------------------------------------------------------------------

Coro<std::string> Request::read() {
    if (state_.extra().body) co_return *state_.extra().body;
    std::string all;
    if (state_.head->content_length) {
        check_size(*this, *state_.head->content_length);
        all.reserve(detail::worth_reserving(*state_.head->content_length));
    }
    while (true) {
        const std::string_view piece = co_await state_.content.readany_view();
        if (piece.empty()) break;
        check_size(*this, all.size() + piece.size());
        all += piece;
    }
    state_.extra().body = std::move(all);
    co_return *state_.extra().body;
}

Coro<std::string> Request::text() {
    const std::string bytes = co_await read();
    try {
        co_return wire::to_utf8(bytes, charset());
    } catch (const UnknownCharsetError& error) {
        throw HTTPUnsupportedMediaType(std::string("415: ") + error.what());
    } catch (const UnicodeDecodeError& error) {
        throw HTTPBadRequest(std::string("400: ") + error.what());
    }
}

Coro<nlohmann::json> Request::json() {
    const std::string body = co_await text();
    try {
        co_return detail::parse_json(body);
    } catch (const nlohmann::json::parse_error& error) {
        throw HTTPBadRequest(std::string("400: the body is no JSON: ") + error.what());
    } catch (const JSONDepthError& error) {
        throw HTTPBadRequest(std::string("400: ") + error.what());
    }
}

MultipartReader Request::multipart() { return open_multipart(*this, {}); }

Coro<const PostData*> Request::post() {
    if (state_.extra().post) co_return state_.extra().post.get();
    auto post = std::make_unique<PostData>();
    const std::string type = content_type();
    if (type == "application/x-www-form-urlencoded") {
        const std::string body = co_await read();
        const std::string given = charset();
        for (auto& [name, value] : parse_qsl(body)) post->add(field_text(name, given), field_text(value, given));
    } else if (type == "multipart/form-data") {
        MultipartLimits limits;
        limits.max_body = size_limit(*this);
        if (state_.head->content_length) check_size(*this, *state_.head->content_length);
        try {
            co_await read_multipart(*this, limits, *post);
        } catch (const MultipartError& error) {
            refuse_multipart(error, limits.max_body);
        }
    }
    state_.extra().post = std::move(post);
    co_return state_.extra().post.get();
}

// --- forms -------------------------------------------------------------------------------------------------------------

int UploadedFile::fileno() const noexcept { return file_->get(); }

Coro<std::string> UploadedFile::read() const {
    auto reading = [file = file_, size = size_] {
        return detail::read_part(file->get(), 0, size, "read an uploaded file");
    };
    co_return co_await to_thread(reading);
}

Coro<> UploadedFile::save(IntoString path) const {
    auto copying = [file = file_, size = size_, to = std::move(path).str()] { copy_file(file->get(), size, to); };
    co_await to_thread(copying);
}

std::optional<std::string_view> PostData::get(std::string_view name) const noexcept {
    for (const Field& field : fields_) {
        if (field.name == name) return field.value;
    }
    return std::nullopt;
}

std::string_view PostData::get(std::string_view name, std::string_view otherwise) const noexcept {
    return get(name).value_or(otherwise);
}

std::vector<std::string_view> PostData::getall(std::string_view name) const {
    std::vector<std::string_view> all;
    for (const Field& field : fields_) {
        if (field.name == name) all.push_back(field.value);
    }
    return all;
}

const UploadedFile* PostData::file(std::string_view name) const noexcept {
    for (const UploadedFile& file : files_) {
        if (file.name() == name) return &file;
    }
    return nullptr;
}

}  // namespace aio::http
