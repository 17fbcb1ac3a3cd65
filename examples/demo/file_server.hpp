// A real HTTP server to fetch from: Python's http.server, as a child process over a temporary folder.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace demo {

// The server could not be started. what() says what to do about it.
class NoServer : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A new folder below the system's temporary one; "XXXXXX" at the end of `pattern` becomes something unique.
// Errors: NoServer.
std::filesystem::path new_folder(const std::string& pattern);

// A new_folder(); removed, with what is in it, by the destructor.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

// Serves `folder` on a free port of 127.0.0.1 and answers each request after `latency_ms`, as a server far away
// would. It ends with this object, and by itself when this process dies.
class FileServer {
public:
    // Returns when it listens. Errors: NoServer.
    FileServer(const std::filesystem::path& folder, int latency_ms);
    ~FileServer();
    FileServer(const FileServer&) = delete;
    FileServer& operator=(const FileServer&) = delete;

    int port() const noexcept { return port_; }

private:
    void spawn(const std::string& folder, const std::string& latency);
    void read_port();
    void stop() noexcept;

    pid_t child_ = -1;
    int input_ = -1;   // its standard input: closed, it ends
    int output_ = -1;  // its standard output and error
    int port_ = 0;
};

}  // namespace demo
