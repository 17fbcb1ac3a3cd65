// The server's side of SCRAM-SHA-256. Source: RFC 5802, section 3.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/io/stream.hpp>

#include "db/pg/messages.hpp"
#include "db/pg/wire/scram.hpp"
#include "db/pg/wire/scram_crypto.hpp"
#include "support/async_test.hpp"

#include <string>
#include <string_view>

namespace aio::test::scripted {

inline Coro<std::string> next_password(StreamReader& reader) {
    const std::string header = co_await reader.readexactly(5);
    const std::size_t size = fake::load(std::string_view(header).substr(1)) - 4;
    co_return co_await reader.readexactly(static_cast<std::ptrdiff_t>(size));
}

// "v=...", if `last`, the client's last message, proves that it knows the password. Errors: EOFError otherwise.
inline std::string proof_for(std::string_view last, std::string_view bare, const std::string& challenge,
                             std::string_view password, const pg::wire::ScramChallenge& salt) {
    using namespace pg::wire;
    const UnwatchedAllocations mine;
    const std::size_t at = last.find(",p=");
    const std::string all = std::string(bare) + "," + challenge + "," + std::string(last.substr(0, at));
    const ScramKey key = derive_scram_key(password, salt);
    const Secret client_key = hmac_sha256(key.salted_password.view(), "Client Key");
    const Secret signature = hmac_sha256(sha256(client_key.view()).view(), all);
    std::string proof = unbase64(last.substr(at + 3)).value_or("");
    proof.resize(kSha256Size);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature.view()[i]);
    if (proof != client_key.view()) throw EOFError("the client does not know the password");
    const Secret server_key = hmac_sha256(key.salted_password.view(), "Server Key");
    return "v=" + base64(hmac_sha256(server_key.view(), all).view());
}

// Ends the connection of a client that does not know the password.
inline Coro<> log_in(StreamReader& reader, StreamWriter& writer, std::string_view password) {
    writer.write(fake::authentication(10, fake::zero_terminated("SCRAM-SHA-256") + '\0'));
    const std::string first = co_await next_password(reader);
    const std::string bare = first.substr(first.find("n=,r="));
    const std::string challenge = bare.substr(3) + "more,s=c2FsdA==,i=2";
    writer.write(fake::authentication(11, challenge));
    const std::string last = co_await next_password(reader);
    const std::string proof = proof_for(last, bare, challenge, password, {"salt", 2});
    writer.write(fake::authentication(12, proof));
}

}  // namespace aio::test::scripted
