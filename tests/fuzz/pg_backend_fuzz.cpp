// What a PostgreSQL server may send: whatever comes, whole or byte by byte it gives the same messages and the same fault; views
// stay inside the message; and SCRAM's and TLS's answers are read or refused. The first byte chooses the limit of a message.
#include "db/pg/wire/scram.hpp"
#include "db/pg/wire/transcript.hpp"
#include "fuzz/property.hpp"

#include <string>

using aio::fuzz::require;
using namespace aio::pg::wire;

namespace {

void authenticate(std::string_view bytes) {
    const std::size_t cut = bytes.find('\n');
    ScramClient client({}, "user", "nonce", 10);
    try {
        const ScramChallenge& challenge = client.receive_challenge(bytes.substr(0, cut));
        require(challenge.iterations <= 10 && !challenge.salt.empty(), "a challenge is within its limits");
        client.final_message(derive_scram_key("password", challenge));
        client.receive_final(cut == std::string_view::npos ? "" : bytes.substr(cut + 1));
        require(client.server_is_verified(), "a final message that is accepted is right");
    } catch (const AuthenticationError&) {
        require(!client.server_is_verified(), "one that is refused is not");
    }
}

void answer_ssl_request(std::string_view bytes) {
    std::string_view rest = bytes;
    try {
        const SslAnswer answer = read_ssl_answer(rest);
        require((answer == SslAnswer::error) == (rest.size() == bytes.size()), "the answer is one byte");
        require(answer == SslAnswer::error || rest.empty(), "and nothing comes behind it");
    } catch (const ProtocolError&) {
        require(rest.size() == bytes.size(), "what is refused is left");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes = aio::fuzz::as_text(data, size);
    const unsigned choice = aio::fuzz::take_byte(bytes);
    const std::size_t limit = choice & 1 ? 100 : MessageReader::kUnlimited;
    const std::string whole = aio::test::PgTranscript(limit).read(bytes, std::string_view::npos);
    require(aio::test::PgTranscript(limit).read(bytes, 1) == whole, "messages do not depend on how bytes are cut",
            whole);
    require(aio::test::PgTranscript(limit).read(bytes, 7) == whole, "nor on where", whole);
    if (choice & 2) authenticate(bytes);
    if (choice & 4 && !bytes.empty()) answer_ssl_request(bytes);
    return 0;
}
