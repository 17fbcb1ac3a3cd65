// From the first byte to ReadyForQuery: the startup message, and one of the ways to prove who we are.
#include "db/pg/session/startup.hpp"

#include <aio/db/errors.hpp>
#include <aio/io/create_connection.hpp>
#include <aio/io/ssl.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/threads.hpp>

#include "db/pg/session/dial.hpp"
#include "db/pg/session/error_report.hpp"
#include "db/pg/session/gss.hpp"
#include "db/pg/wire/backend.hpp"
#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/password.hpp"
#include "db/pg/wire/saslprep.hpp"
#include "db/pg/wire/scram.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::pg::detail {

namespace {

using wire::AuthenticationKind;
using wire::MessageType;

class Startup {
public:
    Startup(StreamPair ends, const SessionOptions& options, Session::Identity& identity)
        : reader_(std::move(ends.first)), writer_(std::move(ends.second)), options_(options), identity_(identity) {}

    Coro<> operator()() {
        send_startup();
        co_await authenticate();
        while (true) {
            const wire::Message message = co_await next();
            if (message.type == MessageType::ready_for_query) co_return;
            if (message.type != MessageType::backend_key_data) throw unexpected(message);
            const wire::BackendKeyData data = wire::parse_backend_key_data(message);
            identity_.process = data.process;
            identity_.cancel_key = std::string(data.key);
        }
    }
    StreamPair ends() const { return {reader_, writer_}; }

private:
    // The next message that is not news of the server's settings. Valid until the next call.
    Coro<wire::Message> next() {
        constexpr int kHeader = 5;
        while (true) {
            bytes_ = co_await reader_.readexactly(kHeader);
            std::string_view header = bytes_;
            std::optional<wire::Message> message = messages_.read(header);
            if (!message) {
                const std::uint32_t length = wire::load_u32(bytes_.data() + 1);
                bytes_ = co_await reader_.readexactly(static_cast<std::ptrdiff_t>(length) - 4);
                std::string_view body = bytes_;
                message = messages_.read(body);
            }
            switch (message->type) {
                case MessageType::parameter_status: {
                    const wire::ParameterStatus status = wire::parse_parameter_status(*message);
                    Session::note_setting(identity_, status.name, status.value);
                    break;
                }
                case MessageType::notice_response: break;
                case MessageType::negotiate_protocol_version: check_version(*message); break;
                case MessageType::error_response:
                    std::rethrow_exception(db::make_database_error(report_of(*message, {})));
                default: co_return *message;
            }
        }
    }

    static wire::ProtocolError unexpected(const wire::Message& message) {
        return wire::unexpected(wire::name_of(message.type), " while the connection was being authenticated");
    }

    void send(const std::string& bytes) { writer_.write(bytes); }

    void send_startup() {
        std::vector<wire::StartupParameter> parameters = {{"user", options_.user}, {"client_encoding", "UTF8"}};
        if (!options_.database.empty()) parameters.emplace_back("database", options_.database);
        for (const auto& [name, value] : options_.settings) {
            if (name != "client_encoding") parameters.emplace_back(name, value);
        }
        std::string bytes;
        wire::append_startup(bytes, parameters, wire::kProtocol30 | options_.most_minor);
        send(bytes);
    }

    // The server goes on with an older version than the one that was asked for.
    void check_version(const wire::Message& message) const {
        const std::uint32_t minor = wire::parse_negotiate_protocol_version(message).minor;
        if (minor > options_.most_minor) {
            throw wire::ProtocolError("the server chose version 3." + std::to_string(minor) +
                                      " of the protocol, and was asked for 3." + std::to_string(options_.most_minor));
        }
        if (minor < options_.least_minor) {
            throw db::InterfaceError("the server speaks version 3." + std::to_string(minor) +
                                     " of the protocol, and min_protocol_version asks for 3." +
                                     std::to_string(options_.least_minor));
        }
    }

    // "require_auth" and "channel_binding": a server that asks for less is perhaps not the one that was meant.
    void check_method(std::string_view method) const {
        const auto& refused = options_.refused_methods;
        if (std::ranges::find(refused, method) != refused.end()) {
            throw wire::AuthenticationError("the server wants the authentication method \"" + std::string(method) +
                                            "\", which require_auth does not allow");
        }
    }
    void check_binding(bool bound) const {
        if (bound || !options_.requires_binding) return;
        throw wire::AuthenticationError(
            "the server does not offer SCRAM that is bound to TLS, as channel_binding=require wants");
    }

    Coro<> authenticate() {
        bool asked_before = false;
        while (true) {
            const wire::Message message = co_await next();
            if (message.type != MessageType::authentication) throw unexpected(message);
            const wire::Authentication asked = wire::parse_authentication(message);
            if (asked.kind == AuthenticationKind::ok) {
                if (!asked_before) check_method("none");
                if (!asked_before) check_binding(false);
                co_return;
            }
            if (asked_before) {
                throw wire::AuthenticationError("the server asks for " + std::string(wire::name_of(asked.kind)) +
                                                " after another authentication");
            }
            asked_before = true;
            switch (asked.kind) {
                case AuthenticationKind::cleartext: co_await answer_in_clear(); break;
                case AuthenticationKind::md5: co_await answer_with_md5(asked.salt); break;
                case AuthenticationKind::sasl: co_await scram(asked.mechanisms); break;
                case AuthenticationKind::gss: co_await kerberos(); break;
                default:
                    throw wire::AuthenticationError("the server asks for " + std::string(wire::name_of(asked.kind)) +
                                                    ", which this client does not have");
            }
        }
    }

    bool is_encrypted() const { return writer_.stream()->filter() != nullptr; }

    // It is asked for only when the server wants it, and for each server anew.
    Coro<std::string> password() const {
        if (!options_.ask_password) co_return options_.password;
        std::string asked = co_await options_.ask_password();
        co_return asked;
    }

    Coro<> answer_in_clear() {
        check_method("password");
        check_binding(false);
        if (!options_.is_unix() && !is_encrypted()) {
            throw wire::AuthenticationError(
                "the server asks for the password in clear text over a connection without TLS: use sslmode=require");
        }
        send_password(co_await password());
    }

    // `salt` is a part of bytes_, which stays as it is.
    Coro<> answer_with_md5(std::string_view salt) {
        check_method("md5");
        check_binding(false);
        const std::string secret = co_await password();
        send_password(wire::md5_password(options_.user, secret, salt).view());
    }

    void send_password(std::string_view password) {
        std::string bytes;
        wire::append_password(bytes, password);
        send(bytes);
        wire::wipe(bytes.data(), bytes.size());
    }

    // What binds the proof to this TLS connection.
    wire::ScramBinding binding(const wire::StringList& mechanisms) const {
        if (!is_encrypted() || !options_.binds_channel) return {};
        const std::optional<ssl::Certificate> certificate = writer_.ssl_object().getpeercert();
        std::optional<std::string> hash = certificate ? wire::tls_server_end_point(certificate->der) : std::nullopt;
        if (!hash) return {};
        if (!mechanisms.contains(wire::kScramPlus)) return {wire::ScramBinding::Kind::unoffered, {}};
        return {wire::ScramBinding::Kind::end_point, std::move(*hash)};
    }

    Coro<> scram(wire::StringList mechanisms) {
        if (!mechanisms.contains(wire::kScram) && !mechanisms.contains(wire::kScramPlus)) {
            throw wire::AuthenticationError(
                "the server offers no SASL mechanism that this client has (SCRAM-SHA-256)");
        }
        check_method("scram-sha-256");
        wire::ScramBinding bound = binding(mechanisms);
        check_binding(bound.kind == wire::ScramBinding::Kind::end_point);
        const std::string secret = co_await password();
        wire::ScramClient client(std::move(bound));
        std::string bytes;
        wire::append_sasl_initial(bytes, client.mechanism(), client.first_message());
        send(bytes);
        const wire::ScramChallenge challenge =
            client.receive_challenge(co_await proof_step(AuthenticationKind::sasl_continue));
        auto derive = [password = secret, challenge] {  // milliseconds of a processor; may outlive this
            return wire::derive_scram_key(wire::saslprep(password).view(), challenge);
        };
        const wire::ScramKey key = co_await to_thread(derive);
        bytes.clear();
        wire::append_sasl_response(bytes, client.final_message(key));
        send(bytes);
        client.receive_final(co_await proof_step(AuthenticationKind::sasl_final));
    }

    // Its library blocks, so that each step is a thread's.
    Coro<> kerberos() {
        check_method("gss");
        check_binding(false);
        const GssTarget target = {options_.kerberos_service, options_.server_hostname, options_.delegates};
        auto make = [target] { return std::make_shared<GssClient>(target); };
        const std::shared_ptr<GssClient> client = co_await to_thread(make);
        std::string received;
        while (!client->is_complete()) {
            auto next_step = [client, received] { return client->step(received); };
            const std::string token = co_await to_thread(next_step);
            if (!token.empty()) {
                std::string bytes;
                wire::append_sasl_response(bytes, token);
                send(bytes);
            }
            if (client->is_complete()) break;
            const std::string_view answer = co_await proof_step(AuthenticationKind::gss_continue);
            received = answer;
        }
    }

    // The data of the next step.
    Coro<std::string_view> proof_step(AuthenticationKind wanted) {
        const wire::Message message = co_await next();
        if (message.type != MessageType::authentication) throw unexpected(message);
        const wire::Authentication step = wire::parse_authentication(message);
        if (step.kind != wanted) {
            throw wire::AuthenticationError("the server sent " + std::string(wire::name_of(step.kind)) +
                                            " in place of " + std::string(wire::name_of(wanted)));
        }
        co_return step.data;
    }

    StreamReader reader_;
    StreamWriter writer_;
    const SessionOptions& options_;
    Session::Identity& identity_;
    wire::MessageReader messages_{wire::MessageReader::kMaxShort};
    std::string bytes_;
};

std::string place_of(const SessionOptions& options) { return options.host + ":" + std::to_string(options.port); }

Coro<StreamPair> start(std::shared_ptr<Session> session) {
    const SessionOptions& options = session->options();
    std::optional<StreamPair> ends;
    std::exception_ptr failure;
    try {
        ends = co_await dial(options);
        const Address peer = ends->second.peername();
        session->identity().address = peer.host;
        Startup startup(*ends, options, session->identity());
        co_await startup();
    } catch (const wire::AuthenticationError& error) {
        failure = std::make_exception_ptr(db::InterfaceError(error.what()));
    } catch (const wire::ProtocolError& error) {
        failure = std::make_exception_ptr(db::InterfaceError(error.what()));
    } catch (const EOFError&) {
        failure = std::make_exception_ptr(db::InterfaceError(
            "connect to " + place_of(options) +
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

// What the handles share.
class SessionOwner {
public:
    explicit SessionOwner(std::shared_ptr<Session> session) noexcept : session_(std::move(session)) {}
    SessionOwner(const SessionOwner&) = delete;
    ~SessionOwner() {
        if (!session_->is_lost()) session_->abort();
    }

private:
    std::shared_ptr<Session> session_;
};

}  // namespace

Coro<std::shared_ptr<Session>> open_session(std::shared_ptr<const SessionOptions> options) {
    const auto session = std::make_shared<Session>(std::move(options));
    auto maker = [session]() -> std::shared_ptr<BaseProtocol> { return session; };
    aio::detail::ProtocolMaker make_protocol(maker);
    co_await aio::detail::connect_protocol(std::move(make_protocol), start(session));
    const auto owner = std::make_shared<SessionOwner>(session);
    co_return std::shared_ptr<Session>(owner, session.get());
}

}  // namespace aio::pg::detail
