// Content codings against other people's programs: gzip, zstd, Python's zlib, Node's brotli. Skipped where they are not.
#include "http/body_fixture.hpp"
#include "http/wire/coding.hpp"

#include <stdio.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace aio::test {
namespace {

using namespace http::wire;

struct Peer {
    const char* program;
    Coding coding;
    const char* pack;  // from $IN, to its output
    const char* unpack;
};

constexpr Peer kPeers[] = {
    {"gzip", Coding::gzip, "gzip -c < $IN", "gzip -dc < $IN"},
    {"zstd", Coding::zstd, "zstd -q -c < $IN", "zstd -q -dc < $IN"},
    {"zstd", Coding::zstd, "zstd -q -19 --check -c < $IN", "zstd -q -dc < $IN"},
    {"python3", Coding::deflate,
     "python3 -c 'import sys,zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))' < $IN",
     "python3 -c 'import sys,zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))' < $IN"},
    {"python3", Coding::deflate,
     "python3 -c 'import sys,zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read(), wbits=-15))' < $IN",
     nullptr},
    {"node", Coding::brotli,
     "node -e 'process.stdout.write(require(\"zlib\").brotliCompressSync(require(\"fs\").readFileSync(0)))' < $IN",
     "node -e 'process.stdout.write(require(\"zlib\").brotliDecompressSync(require(\"fs\").readFileSync(0)))' < $IN"},
};

// What `command` prints, given `input` as the file $IN.
std::string run(const std::string& command, const std::string& input) {
    char directory[] = "/tmp/aio-coding-XXXXXX";
    if (!::mkdtemp(directory)) return "";
    const std::string in = std::string(directory) + "/in";
    std::ofstream(in, std::ios::binary) << input;
    std::string output;
    if (FILE* const pipe = ::popen(("IN=" + in + "; " + command).c_str(), "r")) {
        char piece[4096];
        while (const std::size_t count = ::fread(piece, 1, sizeof piece, pipe)) output.append(piece, count);
        ::pclose(pipe);
    }
    std::filesystem::remove_all(directory);
    return output;
}

bool is_there(const char* program) { return !run(std::string("command -v ") + program, "").empty(); }

TEST(CodingInterop, others_unpack_what_we_pack_and_we_what_they_pack) {
    std::string text = prose(300'000);
    for (const Peer& peer : kPeers) {
        SCOPED_TRACE(peer.pack);
        if (!is_there(peer.program)) continue;
        const std::string theirs = run(peer.pack, text);
        Decoder decoder(peer.coding);
        std::string_view input = theirs;
        std::string unpacked;
        while (true) {
            const std::string_view piece = decoder.decode(input);
            if (piece.empty()) break;
            unpacked += piece;
        }
        decoder.finish();
        EXPECT_EQ(unpacked, text);
        if (!peer.unpack) continue;
        Encoder encoder(peer.coding);
        std::string ours;
        encoder.encode(text, ours);
        encoder.finish(ours);
        EXPECT_EQ(run(peer.unpack, ours), text);
    }
}

}  // namespace
}  // namespace aio::test
