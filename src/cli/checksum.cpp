// Parses checksums (sha256:HEX, the lines of sha256sum), hashes with OpenSSL, and verifies a finished file on a thread.
// plan.cpp assigns checksums to downloads; stream_output.cpp hashes what is written to standard output.
#include "cli/checksum.hpp"

#include <aio/sync/threads.hpp>

#include "base/unique_fd.hpp"
#include "http/wire/syntax.hpp"
#include "io/files/system_calls.hpp"

#include <fcntl.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace aio::cli {

namespace {

namespace wire = http::wire;

struct Algorithm {
    std::string_view name;
    std::size_t digits;
};
constexpr Algorithm kAlgorithms[] = {{"sha256", 64}, {"sha512", 128}, {"sha384", 96},
                                     {"sha224", 56}, {"sha1", 40},    {"md5", 32}};

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return wire::hex_value(c) >= 0; });
}

std::string hash_file(const std::string& path, const std::string& algorithm) {
    const aio::detail::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw_os_error(errno, "open '" + path + "' to verify it");
    Digest digest(algorithm);
    std::vector<char> buffer(256 * 1024);
    while (true) {
        const int size = aio::detail::read_waiting(file.get(), buffer.data(), buffer.size());
        if (size < 0) throw_os_error(-size, "read '" + path + "' to verify it");
        if (size == 0) return digest.hex();
        digest.update({buffer.data(), static_cast<std::size_t>(size)});
    }
}

}  // namespace

Checksum Checksum::parse(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string shown = "the checksum '" + std::string(text) + "': ";
    if (colon == std::string_view::npos) throw ValueError(shown + "write it as sha256:HEX");
    const std::string name = wire::lowered(text.substr(0, colon));
    const std::string_view hex = text.substr(colon + 1);
    const auto found = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                                    [&](const Algorithm& a) { return a.name == name; });
    if (found == std::end(kAlgorithms)) {
        throw ValueError(shown + "unknown algorithm; sha256, sha512, sha384, sha224, sha1 and md5 are known");
    }
    if (hex.size() != found->digits || !is_hex(hex)) {
        throw ValueError(shown + name + " has " + std::to_string(found->digits) + " hexadecimal digits");
    }
    return {name, wire::lowered(hex)};
}

std::map<std::string, Checksum> parse_checksum_file(std::string_view text, const std::string& path) {
    std::map<std::string, Checksum> all;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = wire::take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.front() == '#') continue;
        const std::size_t space = line.find(' ');
        const std::string_view hex = line.substr(0, space);
        const auto found = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                                        [&](const Algorithm& a) { return a.digits == hex.size(); });
        const bool has_name = space != std::string_view::npos && line.size() > space + 2 &&
                              (line[space + 1] == ' ' || line[space + 1] == '*');
        if (!has_name || found == std::end(kAlgorithms) || !is_hex(hex)) {
            throw ValueError(path + ", line " + std::to_string(number) + ": not 'HEX  NAME', as sha256sum writes it");
        }
        std::string_view name = line.substr(space + 2);
        if (name.starts_with("./")) name.remove_prefix(2);
        all.insert_or_assign(std::string(name), Checksum(std::string(found->name), wire::lowered(hex)));
    }
    return all;
}

struct Digest::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();
    Context() = default;
    Context(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(evp); }
};

Digest::Digest(const std::string& algorithm) : context_(std::make_unique<Context>()) {
    const EVP_MD* const type = EVP_get_digestbyname(algorithm.c_str());
    if (!type || !context_->evp || EVP_DigestInit_ex(context_->evp, type, nullptr) != 1) {
        throw RuntimeError("OpenSSL cannot compute " + algorithm);
    }
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;

void Digest::update(std::string_view bytes) { EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()); }

std::string Digest::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
    unsigned size = 0;
    EVP_DigestFinal_ex(context_->evp, raw.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) wire::append_hex(text, static_cast<char>(raw[i]));
    return text;
}

Coro<> verify_file(std::string path, Checksum wanted) {
    // By value: a cancelled await leaves the thread at its work.
    const auto work = [path, algorithm = wanted.algorithm()] { return hash_file(path, algorithm); };
    const std::string got = co_await to_thread(work);
    if (got != wanted.hex()) throw ChecksumError(wanted, got);
}

}  // namespace aio::cli
