// The program aiocpp, run by the tests; servers to run it against.
#pragma once

#include <aio/files.hpp>
#include <aio/subprocess.hpp>

#include "http/client/fake_host.hpp"
#include "support/async_test.hpp"
#include "support/command.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace aio::test {

// A directory of its own for each test.
class Scratch {
public:
    Scratch() : path_(make()) {}
    Scratch(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }
    void write(const std::string& name, const std::string& bytes) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary) << bytes;
    }
    std::string read(const std::string& name) const {
        std::ostringstream bytes;
        bytes << std::ifstream(path(name), std::ios::binary).rdbuf();
        return bytes.str();
    }
    bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }
    // The names in it, in order.
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(path_)) all.push_back(entry.path().filename());
        std::sort(all.begin(), all.end());
        return all;
    }

private:
    static std::string make() {
        std::string name = (std::filesystem::temp_directory_path() / "aiocpp-tool-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
        ::chmod(name.c_str(), 0755);  // nginx's workers are somebody else
        return name;
    }
    std::string path_;
};

// Bytes that look like no others.
inline std::string noise(std::size_t size, std::uint64_t seed = 1) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<char>(seed >> 56);
    }
    return bytes;
}

struct Ended {
    int status = -1;
    std::string out, err;
    Ended() = default;
};

// Started in `scratch`, without proxies of the environment and without anybody's ~/.netrc.
template <class... Arguments>
CreateSubprocess tool(const Scratch& scratch, Arguments&&... arguments) {
    CreateSubprocess call = create_subprocess_exec(AIOCPP_TOOL, std::forward<Arguments>(arguments)...);
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY"}) {
        call.unsetenv(name);
    }
    call.setenv("HOME", scratch.path()).cwd(scratch.path()).stdout_(subprocess::PIPE).stderr_(subprocess::PIPE);
    return call;
}

inline Coro<Ended> ended(CreateSubprocess call) {
    const Process process = co_await call;
    auto [out, err] = co_await process.communicate();
    Ended result;
    result.status = co_await process.wait();
    result.out = std::move(out);
    result.err = std::move(err);
    co_return result;
}

template <class... Arguments>
Coro<Ended> run_tool(const Scratch& scratch, Arguments&&... arguments) {
    return ended(tool(scratch, std::forward<Arguments>(arguments)...));
}

inline std::string url_at(int port, const std::string& path = "/") {
    return "http://127.0.0.1:" + std::to_string(port) + path;
}

// A server program, on a port that it is told or tells; killed with this object.
struct Peer {
    Process process;
    int port = 0;

    // `aiocpp serve`, which prints its address.
    template <class... Arguments>
    static Coro<Peer> serve(const Scratch& scratch, Arguments&&... arguments) {
        return started(tool(scratch, "serve", "--port", "0", std::forward<Arguments>(arguments)...));
    }
    // `aiocpp ws --serve`, likewise.
    template <class... Arguments>
    static Coro<Peer> websockets(const Scratch& scratch, Arguments&&... arguments) {
        return started(tool(scratch, "ws", "--serve", "0", std::forward<Arguments>(arguments)...));
    }
    // Python's http.server, which knows no ranges.
    static Coro<Peer> python(std::string root) {
        static constexpr const char* kProgram =
            "import functools, http.server, sys\n"
            "handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])\n"
            "http.server.ThreadingHTTPServer.request_queue_size = 256\n"
            "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)\n"
            "print(f'http://127.0.0.1:{server.server_address[1]}/', flush=True)\n"
            "server.serve_forever()\n";
        CreateSubprocess call = create_subprocess_exec("python3", "-c", kProgram, root);
        call.stdout_(subprocess::PIPE).stderr_(subprocess::DEVNULL);
        return started(call);
    }
    static Coro<Peer> nginx(const Scratch& scratch, std::string root) {
        Peer peer;
        peer.port = free_port();
        const std::string own = scratch.path();
        scratch.write("nginx.conf", "daemon off; pid " + own + "/pid; error_log " + own + "/error.log; events {}\n" +
                                        "http { access_log off; client_body_temp_path " + own +
                                        "/a; proxy_temp_path " + own + "/b; fastcgi_temp_path " + own +
                                        "/c; uwsgi_temp_path " + own + "/d; scgi_temp_path " + own +
                                        "/e; server { listen 127.0.0.1:" + std::to_string(peer.port) + "; root " +
                                        root + "; } }\n");
        CreateSubprocess call =
            create_subprocess_exec("/usr/sbin/nginx", "-p", own, "-e", own + "/error.log", "-c", own + "/nginx.conf");
        call.stderr_(subprocess::DEVNULL);
        peer.process = co_await call;
        co_await peer.listens();
        co_return peer;
    }

    std::string url(const std::string& path = "/") const { return url_at(port, path); }
    Coro<> stop() const {
        process.terminate();
        co_await process.wait();
    }

private:
    // The port is in the first line that it prints.
    static Coro<Peer> started(CreateSubprocess call) {
        Peer peer;
        peer.process = co_await call;
        const std::string line = co_await peer.process.stdout_().readline();
        const std::size_t colon = line.find(':', line.find("://") + 3);
        if (colon != std::string::npos) peer.port = std::atoi(line.c_str() + colon + 1);
        EXPECT_GT(peer.port, 0) << line;
        co_return peer;
    }
    Coro<> listens() const {
        for (int i = 0; i < 1000; ++i) {
            try {
                auto [reader, writer] = co_await open_connection("127.0.0.1", port);
                writer.close();
                co_await writer.wait_closed();
                co_return;
            } catch (const ConnectionRefusedError&) {}
            co_await aio::sleep(10ms);
        }
        ADD_FAILURE() << "nothing listens at port " << port;
    }
};

}  // namespace aio::test
