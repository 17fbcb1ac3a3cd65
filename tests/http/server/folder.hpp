// A directory of files and links, and a server of it.
#pragma once

#include <aio/http.hpp>

#include "http/server/web_client.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace aio::test {

// A directory with a few files, removed with this object; and a server of it.
class Folder {
public:
    explicit Folder(http::StaticOptions options = {}) : path_(make()), server_(app_) {
        write("public/hello.txt", "hello, file");
        write("public/large.bin", std::string(300'000, 'L'));
        write("public/coded.css", "body {}");
        write("public/coded.css.br", "BR");
        write("public/coded.css.gz", "GZIP");
        write("secret.txt", "secret");
        std::filesystem::create_directories(path_ / "public/sub");
        std::filesystem::create_symlink("hello.txt", path_ / "public/inside.txt");
        std::filesystem::create_symlink("../secret.txt", path_ / "public/outside.txt");
        app_.router().add_static("/files", (path_ / "public").string(), options);
        const std::string one = (path_ / "public/hello.txt").string();
        app_.router().add_get("/one", [one](http::Request&) { return http::FileResponse(one); });
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    http::TestServer& server() { return server_; }
    std::filesystem::path public_path() const { return path_ / "public"; }
    int port() const { return server_.port(); }
    void write(const std::string& name, const std::string& text) {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }

private:
    static std::filesystem::path make() {
        std::string name = (std::filesystem::temp_directory_path() / "aiocpp-http-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    std::filesystem::path path_;
    http::Application app_;
    http::TestServer server_;
};

}  // namespace aio::test
