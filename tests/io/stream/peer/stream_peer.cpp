// The other end of one stream, in a process of its own, for tests/io/stream/peer_link.hpp: plain blocking calls and OpenSSL, nothing
// of the library. Exit status 0: all is right.
//
//     stream_peer KIND ROLE ACT SIZE [ADDRESS [FOLDER]]
//
// KIND     tcp, unix, tls, nested (TLS inside TLS) or pipe (standard input and output)
// ROLE     client, or server, which listens and prints a line with its address
// ADDRESS  a port of 127.0.0.1 (a server's: 0), or a path
// FOLDER   the certificates
// ACT      see `acts` at the end
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <signal.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace {

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "stream_peer: %s\n", what.c_str());
    std::exit(1);
}
void check(bool right, const char* what) {
    if (!right) fail(std::string(what) + ": " + std::strerror(errno));
}

// `size` bytes of the pattern that both ends know, from `start` on.
std::string pattern(std::size_t start, std::size_t size) {
    constexpr std::size_t kPeriod = 65521;
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t at = (start + i) % kPeriod;
        bytes[i] = static_cast<char>(at * 7 + at / 251);
    }
    return bytes;
}

// --- links -------------------------------------------------------------------------------------------------------

struct Link {
    virtual ~Link() = default;
    virtual void send(std::string_view data) = 0;
    virtual std::string receive(std::size_t most = 65536) = 0;  // empty at the end
    // Ends this direction, reads the other one's end.
    virtual void close() = 0;
    virtual void reset() = 0;
    virtual void send_half_a_record() {}
};

class Descriptors : public Link {
public:
    Descriptors(int in, int out, bool one_by_one) : in_(in), out_(out), step_(one_by_one ? 1 : SIZE_MAX) {}

    void send(std::string_view data) override {
        while (!data.empty()) {
            const ssize_t sent = ::write(out_, data.data(), std::min(step_, data.size()));
            check(sent > 0, "write");
            data.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    std::string receive(std::size_t most) override {
        std::string data(most, '\0');
        const ssize_t got = ::read(in_, data.data(), most);
        check(got >= 0, "read");
        data.resize(static_cast<std::size_t>(got));
        return data;
    }
    void close() override { ::close(out_); }
    void reset() override {}

protected:
    int in_, out_;
    std::size_t step_;
};

class Socket final : public Descriptors {
public:
    Socket(int fd, bool tcp, bool one_by_one) : Descriptors(fd, fd, one_by_one), tcp_(tcp) {}

    void close() override {
        check(::shutdown(in_, SHUT_WR) == 0, "shutdown");
        while (!receive(65536).empty()) {}
        ::close(in_);
    }
    // TCP resets by SO_LINGER; AF_UNIX because there is something unread.
    void reset() override {
        const linger at_once{1, 0};
        if (tcp_) check(::setsockopt(in_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "SO_LINGER");
        ::close(in_);
    }

private:
    bool tcp_;
};

// TLS over any link.
class Tls final : public Link {
public:
    Tls(std::unique_ptr<Link> below, SSL_CTX* context, bool server)
        : below_(std::move(below)),
          ssl_(::SSL_new(context)),
          in_(::BIO_new(::BIO_s_mem())),
          out_(::BIO_new(::BIO_s_mem())) {
        ::BIO_set_mem_eof_return(in_, -1);
        ::SSL_set_bio(ssl_, in_, out_);
        if (server) {
            ::SSL_set_accept_state(ssl_);
        } else {
            ::SSL_set_tlsext_host_name(ssl_, "localhost");
            ::SSL_set1_host(ssl_, "localhost");
            ::SSL_set_connect_state(ssl_);
        }
        call("handshake", [this] { return ::SSL_do_handshake(ssl_); });
    }

    void send(std::string_view data) override {
        while (!data.empty()) {
            const std::string_view piece = data.substr(0, 16384);
            call("send", [&] { return ::SSL_write(ssl_, piece.data(), static_cast<int>(piece.size())); });
            data.remove_prefix(piece.size());
        }
    }
    std::string receive(std::size_t most) override {
        std::string data(most, '\0');
        const int got = call("receive", [&] { return ::SSL_read(ssl_, data.data(), static_cast<int>(most)); });
        data.resize(static_cast<std::size_t>(got));
        return data;
    }
    void close() override {
        ::SSL_shutdown(ssl_);  // ours; then the other one's, behind what is still to come
        flush();
        std::string rest(65536, '\0');
        while (call("close", [&] { return ::SSL_read(ssl_, rest.data(), static_cast<int>(rest.size())); }) > 0) {}
        below_->close();
    }
    void reset() override { below_->reset(); }
    void send_half_a_record() override {
        const std::string data(1000, 'x');
        ::SSL_write(ssl_, data.data(), static_cast<int>(data.size()));
        const std::string record = take_output();
        below_->send(std::string_view(record).substr(0, record.size() / 2));
    }

private:
    // Until it succeeds: its result; 0: the other end has said that it is the end.
    template <class Call>
    int call(const char* what, Call&& make) {
        while (true) {
            const int result = make();
            const int error = result > 0 ? SSL_ERROR_NONE : ::SSL_get_error(ssl_, result);
            flush();
            if (error == SSL_ERROR_NONE) return result;
            if (error == SSL_ERROR_ZERO_RETURN) return 0;
            if (error != SSL_ERROR_WANT_READ) {
                fail(std::string(what) + ": " + ::ERR_error_string(::ERR_peek_error(), nullptr));
            }
            const std::string data = below_->receive(65536);
            if (data.empty()) fail(std::string(what) + ": the connection ended without a word");
            ::BIO_write(in_, data.data(), static_cast<int>(data.size()));
        }
    }
    std::string take_output() {
        std::string data(static_cast<std::size_t>(::BIO_ctrl_pending(out_)), '\0');
        if (!data.empty()) ::BIO_read(out_, data.data(), static_cast<int>(data.size()));
        return data;
    }
    void flush() {
        const std::string data = take_output();
        if (!data.empty()) below_->send(data);
    }

    std::unique_ptr<Link> below_;
    SSL* ssl_;
    BIO *in_, *out_;
};

// --- connections --------------------------------------------------------------------------------------------------

struct Arguments {
    std::string kind, role, act, address, folder;
    std::size_t size = 0;
    bool server() const { return role == "server"; }
};

int open_unix(const Arguments& arguments) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (arguments.address.size() >= sizeof where.sun_path) fail("the path is too long");
    arguments.address.copy(where.sun_path, arguments.address.size());
    const auto* address = reinterpret_cast<const sockaddr*>(&where);
    if (!arguments.server()) {
        check(::connect(fd, address, sizeof where) == 0, "connect");
        return fd;
    }
    check(::bind(fd, address, sizeof where) == 0 && ::listen(fd, 1) == 0, "listen");
    std::puts(arguments.address.c_str());
    std::fflush(stdout);
    return ::accept(fd, nullptr, nullptr);
}

int open_tcp(const Arguments& arguments) {
    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    where.sin_port = ::htons(static_cast<std::uint16_t>(std::stoi(arguments.address)));
    auto* address = reinterpret_cast<sockaddr*>(&where);
    socklen_t size = sizeof where;
    if (arguments.server()) {
        check(::bind(fd, address, size) == 0 && ::listen(fd, 1) == 0, "listen");
        check(::getsockname(fd, address, &size) == 0, "getsockname");
        std::printf("%d\n", int{::ntohs(where.sin_port)});
        std::fflush(stdout);
        fd = ::accept(fd, nullptr, nullptr);
    } else {
        check(::connect(fd, address, size) == 0, "connect");
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

SSL_CTX* make_context(const Arguments& arguments) {
    SSL_CTX* context = ::SSL_CTX_new(arguments.server() ? ::TLS_server_method() : ::TLS_client_method());
    bool right = true;
    if (arguments.server()) {
        right = ::SSL_CTX_use_certificate_chain_file(context, (arguments.folder + "/localhost.pem").c_str()) == 1 &&
                ::SSL_CTX_use_PrivateKey_file(context, (arguments.folder + "/localhost.key").c_str(),
                                              SSL_FILETYPE_PEM) == 1;
    } else {
        right = ::SSL_CTX_load_verify_locations(context, (arguments.folder + "/ca.pem").c_str(), nullptr) == 1;
        ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    if (!right) fail("the certificates in " + arguments.folder);
    return context;
}

std::unique_ptr<Link> open_link(const Arguments& arguments) {
    const bool one_by_one = arguments.act == "drip";
    if (arguments.kind == "pipe") return std::make_unique<Descriptors>(0, 1, one_by_one);
    const bool tcp = arguments.kind != "unix";
    const int fd = tcp ? open_tcp(arguments) : open_unix(arguments);
    check(fd >= 0, "accept");
    std::unique_ptr<Link> link = std::make_unique<Socket>(fd, tcp, one_by_one);
    const int layers = arguments.kind == "tls" ? 1 : arguments.kind == "nested" ? 2 : 0;
    for (int i = 0; i < layers; ++i) {
        link = std::make_unique<Tls>(std::move(link), make_context(arguments), arguments.server());
    }
    return link;
}

// --- acts ---------------------------------------------------------------------------------------------------------

void send_pattern(Link& link, std::size_t size) {
    for (std::size_t at = 0; at < size; at += 65536) link.send(pattern(at, std::min<std::size_t>(65536, size - at)));
}

void read_pattern(Link& link, std::size_t size, std::size_t piece) {
    std::size_t got = 0;
    while (true) {
        const std::string data = link.receive(piece);
        if (data.empty()) break;
        if (data != pattern(got, data.size())) fail("wrong bytes from " + std::to_string(got) + " on");
        got += data.size();
    }
    if (got != size) fail(std::to_string(got) + " bytes of " + std::to_string(size) + " came");
    link.close();
}

// Reads SIZE bytes of the pattern and the end of the stream.
void sink(Link& link, std::size_t size) { read_pattern(link, size, 65536); }
// The same in small pieces.
void sip(Link& link, std::size_t size) { read_pattern(link, size, 1000); }
// Sends SIZE bytes of the pattern and ends the stream.
void source(Link& link, std::size_t size) {
    send_pattern(link, size);
    link.close();
}
// Sends back what comes, to the end of the stream.
void echo(Link& link, std::size_t) {
    while (true) {
        const std::string data = link.receive();
        if (data.empty()) break;
        link.send(data);
    }
    link.close();
}
// Sends each byte of everything by itself; SIZE bytes of the pattern must come back one by one.
void drip(Link& link, std::size_t size) {
    for (std::size_t at = 0; at < size; ++at) {
        link.send(pattern(at, 1));
        if (link.receive() != pattern(at, 1)) fail("byte " + std::to_string(at));
    }
    link.close();
}
// Reads one byte, and breaks the connection.
void reset(Link& link, std::size_t) {
    if (link.receive(1).empty()) fail("nothing came");
    link.reset();
}
// Sends SIZE bytes of the pattern, with TLS half a record more, and leaves without a word.
void cut(Link& link, std::size_t size) {
    send_pattern(link, size);
    link.send_half_a_record();
}
// Sends SIZE bytes of the pattern, reads nothing, and stays until it is killed.
void stall(Link& link, std::size_t size) {
    send_pattern(link, size);
    ::pause();
}

const std::map<std::string, void (*)(Link&, std::size_t)> acts = {{"sink", sink}, {"sip", sip},    {"source", source},
                                                                  {"echo", echo}, {"drip", drip},  {"reset", reset},
                                                                  {"cut", cut},   {"stall", stall}};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    Arguments arguments{argv[1], argv[2], argv[3], argc > 5 ? argv[5] : "", argc > 6 ? argv[6] : ""};
    arguments.size = std::stoull(argv[4]);
    const auto act = acts.find(arguments.act);
    if (act == acts.end()) return 2;
    ::signal(SIGPIPE, SIG_IGN);
    const std::unique_ptr<Link> link = open_link(arguments);
    act->second(*link, arguments.size);
}
