// A download on its way: NAME.part, and beside it, in NAME.part.json, what is known of the whole. Nothing is called NAME
// before it is complete. A NAME that is there gives its permissions to NAME.part.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/files.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::cli {

// What tells whether the server still has the same bytes.
struct Validators {
    std::string url;
    std::string etag;           // as the header had it; strong, or empty
    std::string last_modified;  // the same
    std::string coding;         // Content-Encoding: ranges count packed bytes; empty: none
    std::optional<std::uint64_t> size;

    Validators() = default;
    bool usable() const noexcept { return !etag.empty() || !last_modified.empty(); }
    std::string to_json() const;
    // Nothing, if it is none.
    static std::optional<Validators> from_json(std::string_view text);
    friend bool operator==(const Validators&, const Validators&) = default;
};

// One process at a time has it: it is locked. Thread rule: the loop's thread.
class PartialFile {
public:
    // Opens TARGET.part, or makes it. resume: what it has stays, if it was of `url`. adopt: TARGET itself may be the
    // beginning. Errors: OSError; RuntimeError when another process is at it, or it is no file of ours: a link, a FIFO, one
    // with other names.
    static Coro<PartialFile> open(std::string target, std::string url, bool resume, bool adopt = true);

    // Bytes that are there.
    std::uint64_t size() const noexcept { return size_; }
    // Of the bytes that are there.
    const Validators& validators() const noexcept { return validators_; }
    // When nothing is there, but TARGET is: its size. It may be what another program has begun.
    std::uint64_t adoptable() const noexcept { return adoptable_; }

    // Takes TARGET itself for the beginning. Errors: OSError.
    Coro<> adopt();
    // Drops what is there. What is written from now on is of these validators.
    Coro<> restart(Validators validators);
    // Goes on with what is there, of these.
    void go_on(Validators validators);
    // Errors: OSError; what was written so far is kept.
    Coro<> write(std::string_view bytes);
    // So that others see all of it.
    Coro<> flush() { return file_.flush(); }

    // Closes it; then it is `name`, or `name` has its bytes (store() in target.hpp). unless_there: an error if there is
    // such a file. Errors: OSError.
    Coro<> finish(std::string name, bool unless_there);
    // Closes it and leaves it for another time, if there is something in it. Whether it was left.
    Coro<bool> keep();
    // Closes and removes it.
    Coro<> discard();

    const std::string& path() const noexcept { return part_; }

private:
    PartialFile(std::string target, std::string url);
    Coro<> open_part();
    Coro<> load_note();
    Coro<> save_note();
    Coro<> remove_note();

    std::string target_, part_, note_;
    files::File file_;
    std::uint64_t size_ = 0, adoptable_ = 0;
    std::uint64_t written_ = 0;  // by this process
    bool noted_ = false;         // the note on disk is that of validators_
    Validators validators_;
};

}  // namespace aio::cli
