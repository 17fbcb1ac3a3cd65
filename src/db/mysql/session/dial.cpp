// From the first byte to the end of the authentication: the server's greeting, TLS, the login, and one of the ways to prove who
// we are.
#include "db/mysql/session/dial.hpp"

#include <aio/db/errors.hpp>
#include <aio/io/ssl.hpp>
#include <aio/sync/threads.hpp>

#include "db/mysql/session/error_report.hpp"
#include "db/mysql/wire/authenticator.hpp"
#include "db/mysql/wire/client_packets.hpp"
#include "db/mysql/wire/errors.hpp"
#include "db/mysql/wire/integers.hpp"
#include "db/session/socket_option.hpp"

#include <openssl/crypto.h>
#include <sys/socket.h>

#include <string_view>
#include <utility>

namespace aio::mysql::detail {

namespace {

constexpr wire::Capabilities kWanted =
    wire::kLongPassword | wire::kLongFlag | wire::kProtocol41 | wire::kTransactions | wire::kSecureConnection |
    wire::kMultiStatements | wire::kMultiResults | wire::kPreparedMultiResults | wire::kPluginAuthentication |
    wire::kConnectAttributes | wire::kLongAuthentication | wire::kNoEof | wire::kBulkStatements;

// Reads and writes single packets; only for the login, in which each waits for the other.
class PacketStream {
public:
    explicit PacketStream(StreamPair ends) : reader_(std::move(ends.first)), writer_(std::move(ends.second)) {}

    // Valid until the next call.
    Coro<std::string_view> next() {
        bytes_ = co_await reader_.readexactly(wire::kFrameHeader);
        std::string_view rest = bytes_;
        std::optional<wire::Packet> packet = packets_.read(rest);
        if (!packet) {
            const auto size = static_cast<std::ptrdiff_t>(wire::load(bytes_.data(), 3));  // below the reader's limit
            bytes_ = co_await reader_.readexactly(size);
            rest = bytes_;
            packet = packets_.read(rest);
        }
        if (!packet || packet->sequence != sequence_) {
            throw wire::ProtocolError("MySQL: the server sent a packet with the sequence number " +
                                      std::to_string(packet ? packet->sequence : 0) + " in place of " +
                                      std::to_string(sequence_));
        }
        sequence_ = packet->next;
        co_return packet->payload;
    }
    void send(std::string_view payload) {
        std::string bytes;
        sequence_ = wire::append_packet(bytes, sequence_, payload);
        writer_.write(bytes);
        OPENSSL_cleanse(bytes.data(), bytes.size());
    }
    void send_bytes(const std::string& packet, std::uint8_t next) {
        sequence_ = next;
        writer_.write(packet);
    }
    void begin_command() noexcept { sequence_ = 0; }
    std::uint8_t sequence() const noexcept { return sequence_; }
    StreamReader& reader() noexcept { return reader_; }
    StreamWriter& writer() noexcept { return writer_; }
    StreamPair ends() const { return {reader_, writer_}; }

private:
    StreamReader reader_;
    StreamWriter writer_;
    wire::PacketReader packets_{wire::PacketReader::kMaxLogin};
    std::string bytes_;
    std::uint8_t sequence_ = 0;
};

[[noreturn]] void throw_server_error(std::string_view payload, std::string_view statement = {}) {
    std::rethrow_exception(make_error(wire::parse_error(payload), statement));
}

class LogIn {
public:
    LogIn(StreamPair ends, const SessionOptions& options, Session::Identity& identity, wire::StatusFlags& status)
        : stream_(std::move(ends)), options_(options), identity_(identity), status_(status) {}

    Coro<> operator()() {
        const std::string_view greeting = co_await stream_.next();
        if (wire::begins_with(greeting, wire::kErrorHeader)) throw_server_error(greeting);
        const wire::Handshake handshake = wire::parse_handshake(greeting);
        identity_.version = std::string(handshake.version);
        identity_.connection = handshake.connection;
        const std::string plugin(handshake.plugin), scramble = handshake.scramble;
        choose_capabilities(handshake.capabilities);
        if ((identity_.capabilities & wire::kTls) != 0) co_await encrypt();
        co_await authenticate(plugin, scramble);
    }
    StreamPair ends() const { return stream_.ends(); }

private:
    void choose_capabilities(wire::Capabilities offered) {
        wire::Capabilities wanted = kWanted;
        if (!options_.database.empty()) wanted |= wire::kConnectWithDatabase;
        if (options_.local_files) wanted |= wire::kLocalFiles;
        if (options_.compress) wanted |= wire::kCompress;
        // Who may open a local socket is on this machine: nothing is encrypted.
        const bool wants_tls = options_.tls != TlsUse::off && !options_.is_local();
        if (wants_tls) wanted |= wire::kTls;
        if (options_.tls == TlsUse::required && wants_tls && (offered & wire::kTls) == 0) {
            throw db::InterfaceError("connect to " + options_.place() +
                                     ": the server does not offer TLS, which is required");
        }
        identity_.capabilities = wanted & (offered | wire::kLongPassword | wire::kLocalFiles);
        if ((offered & wire::kLongPassword) == 0) identity_.capabilities &= ~wire::kLongPassword;  // MariaDB
    }

    Coro<> encrypt() {
        std::string request;
        const std::uint8_t next = wire::append_tls_request(request, stream_.sequence(), identity_.capabilities);
        if (stream_.reader().has_data()) throw db::InterfaceError("the server sent bytes ahead of the TLS handshake");
        stream_.send_bytes(request, next);
        co_await stream_.writer().start_tls(*options_.context, {.server_hostname = options_.host});
    }

    bool is_secure() const { return options_.is_local() || (identity_.capabilities & wire::kTls) != 0; }

    Coro<> authenticate(std::string plugin, std::string scramble) {
        wire::AuthenticationPolicy policy;
        policy.is_secure = is_secure();
        policy.asks_for_public_key = options_.get_server_public_key;
        policy.public_key = options_.server_public_key;
        std::string password = options_.password;
        if (options_.ask_password) password = co_await options_.ask_password();
        wire::Authenticator authenticator(password, std::move(policy));
        OPENSSL_cleanse(password.data(), password.size());
        send_login(authenticator.begin(plugin, scramble), authenticator.plugin());
        while (true) {
            const std::string_view payload = co_await stream_.next();
            if (wire::begins_with(payload, wire::kErrorHeader)) throw_server_error(payload);
            if (wire::begins_with(payload, wire::kOkHeader)) {
                status_ = wire::parse_ok(payload).status;
                co_return;
            }
            std::optional<std::string> answer = authenticator.receive(payload);
            if (!answer) continue;
            stream_.send(*answer);
            OPENSSL_cleanse(answer->data(), answer->size());
        }
    }

    void send_login(const std::string& proof, std::string_view plugin) {
        wire::Login login;
        login.capabilities = identity_.capabilities;
        login.user = options_.user;
        login.database = options_.database;
        login.plugin = plugin;
        login.proof = proof;
        login.attributes = {{"_client_name", "aiocpp"}};
        std::string packet;
        const std::uint8_t next = wire::append_login(packet, stream_.sequence(), login);
        stream_.send_bytes(packet, next);
    }

    PacketStream stream_;
    const SessionOptions& options_;
    Session::Identity& identity_;
    wire::StatusFlags& status_;
};

Coro<StreamPair> dial(const SessionOptions& options, std::string address) {
    if (options.is_local()) co_return co_await open_unix_connection(options.unix_socket);
    if (address.empty()) address = options.host;
    StreamPair ends = co_await open_connection(address, options.port);
    db::detail::set_socket_option(ends.second.fileno(), SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
    co_return ends;
}

}  // namespace

Coro<StreamPair> log_in(std::shared_ptr<const SessionOptions> options, Session::Identity& identity,
                        wire::StatusFlags& status) {
    std::optional<StreamPair> ends;
    std::exception_ptr failure;
    try {
        ends = co_await dial(*options, identity.address);
        if (!options->is_local() && identity.address.empty()) identity.address = ends->second.peername().host;
        LogIn login(*ends, *options, identity, status);
        co_await login();
    } catch (const wire::AuthenticationError& error) {
        failure = std::make_exception_ptr(db::InterfaceError("connect to " + options->place() + ": " + error.what()));
    } catch (const wire::ProtocolError& error) {
        failure = std::make_exception_ptr(db::InterfaceError("connect to " + options->place() + ": " + error.what()));
    } catch (const EOFError&) {
        failure = std::make_exception_ptr(db::InterfaceError(
            "connect to " + options->place() +
            ": the server closed the connection before it was ready: it is perhaps being restarted, "
            "or refuses connections"));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        if (ends) ends->second.abort();
        std::rethrow_exception(failure);
    }
    co_return std::move(*ends);
}

Coro<> send_kill(std::shared_ptr<const SessionOptions> options, std::string address, std::uint32_t connection) {
    auto mine = std::make_shared<SessionOptions>(*options);
    mine->database.clear();  // which may be gone
    mine->compress = false;
    Session::Identity identity;
    identity.address = std::move(address);
    wire::StatusFlags status = 0;
    PacketStream stream(co_await log_in(mine, identity, status));
    std::string packets;
    stream.begin_command();
    const std::uint8_t next =
        wire::append_command(packets, wire::Command::query, "KILL QUERY " + std::to_string(connection));
    stream.send_bytes(packets, next);
    std::exception_ptr failure;
    try {
        // An error: the connection is gone already, and with it the statement.
        const std::string_view answer = co_await stream.next();
        if (answer.empty()) throw wire::ProtocolError("MySQL: the server answered KILL with an empty packet");
        packets.clear();
        wire::append_command(packets, wire::Command::quit);
        stream.send_bytes(packets, 0);
        stream.writer().close();
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        stream.writer().abort();
        std::rethrow_exception(failure);
    }
}

}  // namespace aio::mysql::detail
