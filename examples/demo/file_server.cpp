#include "file_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace demo {

namespace {

constexpr int kStartTimeoutMs = 10'000;

// http.server holds only 5 connections that wait to be accepted; here 100 come at once.
constexpr const char* kProgram = R"(
import functools, http.server, os, sys, threading, time

class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections
    disable_nagle_algorithm = True

    def do_GET(self):
        time.sleep(float(sys.argv[2]) / 1000)
        super().do_GET()

    def log_message(self, *arguments):
        pass

def end_with_parent():
    sys.stdin.read()
    os._exit(0)

threading.Thread(target=end_with_parent, daemon=True).start()
http.server.ThreadingHTTPServer.request_queue_size = 256
handler = functools.partial(Handler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()
)";

void close_descriptor(int& fd) noexcept {
    if (fd >= 0) ::close(std::exchange(fd, -1));
}

std::string reason(int error) { return std::strerror(error); }

}  // namespace

std::filesystem::path new_folder(const std::string& pattern) {
    std::string name = std::filesystem::temp_directory_path() / pattern;
    if (!::mkdtemp(name.data())) throw NoServer("cannot make a temporary folder " + name + ": " + reason(errno));
    return name;
}

TemporaryFolder::TemporaryFolder() : path_(new_folder("aiocpp-demo-XXXXXX")) {}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

FileServer::FileServer(const std::filesystem::path& folder, int latency_ms) {
    try {
        spawn(folder, std::to_string(latency_ms));
        read_port();
    } catch (...) {
        stop();
        throw;
    }
}

FileServer::~FileServer() { stop(); }

void FileServer::spawn(const std::string& folder, const std::string& latency) {
    int input[2], output[2];
    if (::pipe2(input, O_CLOEXEC) != 0) throw NoServer("cannot make a pipe: " + reason(errno));
    input_ = input[1];
    if (::pipe2(output, O_CLOEXEC) != 0) {
        const int error = errno;
        ::close(input[0]);
        throw NoServer("cannot make a pipe: " + reason(error));
    }
    output_ = output[0];

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDERR_FILENO);
    // Ctrl-C is for the demo, which then stops the server.
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);

    const char* arguments[] = {"python3", "-c", kProgram, folder.c_str(), latency.c_str(), nullptr};
    pid_t child = -1;
    const int error =
        ::posix_spawnp(&child, "python3", &actions, &attributes, const_cast<char**>(arguments), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    ::close(input[0]);
    ::close(output[1]);
    if (error == ENOENT) {
        throw NoServer(
            "python3 is not installed, and this part uses its HTTP server.\n"
            "      Install it (Debian, Ubuntu: apt-get install python3) and run the demo again.");
    }
    if (error != 0) throw NoServer("cannot start python3: " + reason(error));
    child_ = child;
}

// The first line that it prints, or what went wrong.
void FileServer::read_port() {
    std::string text;
    while (text.find('\n') == std::string::npos) {
        pollfd ready = {output_, POLLIN, 0};
        const int events = ::poll(&ready, 1, kStartTimeoutMs);
        if (events < 0 && errno == EINTR) continue;
        if (events <= 0) throw NoServer("python3's HTTP server did not start within 10 s");
        char buffer[4096];
        const ssize_t size = ::read(output_, buffer, sizeof buffer);
        if (size <= 0) break;
        text.append(buffer, static_cast<std::size_t>(size));
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port_);
    if (error != std::errc() || *end != '\n') throw NoServer("python3's HTTP server did not start:\n" + text);
}

void FileServer::stop() noexcept {
    if (child_ > 0) {
        ::kill(child_, SIGKILL);
        while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {}
        child_ = -1;
    }
    close_descriptor(input_);
    close_descriptor(output_);
}

}  // namespace demo
