// Router::add_static(): files below a directory, which stays open: renaming it, or putting a link in its place, does not lead elsewhere.
#include <aio/base/error.hpp>
#include <aio/http/server/file_response.hpp>
#include <aio/http/server/http_exceptions.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/server/router.hpp>
#include <aio/sync/threads.hpp>

#include "http/server/directory_listing.hpp"
#include "http/server/opened_file.hpp"
#include "http/server/route_table.hpp"
#include "http/wire/syntax.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace aio::http {

namespace detail {

namespace {

class StaticFiles {
public:
    StaticFiles(std::string directory, const StaticOptions& options)
        : directory_(std::move(directory)),
          index_(options.index),
          shows_index_(options.show_index),
          follows_(options.follow_symlinks),
          folder_(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
        if (folder_ < 0) throw_os_error(errno, "serve files from " + directory_);
    }
    StaticFiles(const StaticFiles&) = delete;
    ~StaticFiles() { ::close(folder_); }

    Coro<Response> answer(Request& request) const;

private:
    Coro<std::shared_ptr<OpenedFile>> open(std::string path) const;
    Response file_response(const std::string& path, std::shared_ptr<OpenedFile> opened) const;
    Coro<Response> directory_response(Request& request, std::string path, std::shared_ptr<OpenedFile> opened) const;

    std::string directory_, index_;
    bool shows_index_, follows_;
    int folder_;
};

// A path below the directory: no "..", which browsers resolve before they ask, and no byte that ends C's strings.
bool is_harmless(std::string_view path) noexcept {
    if (path.find('\0') != std::string_view::npos || path.starts_with('/')) return false;
    for (std::string_view rest = path; !rest.empty();) {
        if (wire::take_until(rest, '/') == "..") return false;
    }
    return true;
}

Coro<std::shared_ptr<OpenedFile>> StaticFiles::open(std::string path) const {
    co_return std::make_shared<OpenedFile>(co_await open_file(folder_, std::move(path), follows_));
}

Response StaticFiles::file_response(const std::string& path, std::shared_ptr<OpenedFile> opened) const {
    FileResponse response(follows_ ? directory_ + "/" + path : path);
    if (!follows_) response.extra().folder = folder_;
    response.extra().opened = std::move(opened);
    return response;
}

// `path` is empty or ends with "/".
Coro<Response> StaticFiles::directory_response(Request& request, std::string path,
                                               std::shared_ptr<OpenedFile> opened) const {
    if (!index_.empty()) {
        const std::shared_ptr<OpenedFile> index = co_await open(path + index_);
        if (index->fd && index->is_file) co_return file_response(path + index_, index);
        if (!index->fd && index->error != ENOENT) throw_not_there(*index, directory_ + "/" + path + index_);
    }
    if (!shows_index_) throw HTTPForbidden();
    // What a request for an entry would find, is listed: also its size and date.
    const ListingOrder order = ListingOrder::parse(request.query_string());
    auto make_page = [opened, folder = folder_, follows = follows_, title = request.path(), path, order] {
        const auto look = [&](const std::string& name) { return look_at_file(folder, path + name, follows); };
        return directory_page(title, list_directory(opened->fd.get(), look), !path.empty(), order);
    };
    std::string page = co_await to_thread(make_page);
    co_return Response::html(std::move(page)).header("Content-Security-Policy", kListingPolicy);
}

Coro<Response> StaticFiles::answer(Request& request) const {
    const std::string path(request.match_info("filename"));
    if (!is_harmless(path)) throw HTTPNotFound();
    const std::string name = path.empty() ? "." : path;
    const std::shared_ptr<OpenedFile> found = co_await open(name);
    if (!found->fd) throw_not_there(*found, directory_ + "/" + path);
    if (found->is_directory) {
        if (!shows_index_ && index_.empty()) throw HTTPForbidden();
        if (!request.raw_path().ends_with('/')) throw HTTPMovedPermanently(std::string(request.raw_path()) + "/");
        co_return co_await directory_response(request, path, found);
    }
    // "file/" names no file.
    if (!found->is_file || path.ends_with('/')) throw HTTPNotFound();
    co_return file_response(path, found);
}

}  // namespace

}  // namespace detail

void Router::add_static(std::string_view prefix, std::string_view directory, StaticOptions options) {
    auto files = std::make_shared<detail::StaticFiles>(std::string(directory), options);
    table_->add_prefix(prefix, options.name,
                       detail::HandlerFunction([files](Request& request) { return files->answer(request); }));
}

}  // namespace aio::http
