// One download: its attempts, what each of them asks for, and where its bytes go.
#include "cli/download.hpp"

#include "cli/file_name.hpp"
#include "cli/partial_file.hpp"
#include "cli/problem.hpp"
#include "cli/resume.hpp"
#include "cli/stream_output.hpp"
#include "cli/target.hpp"

#include <aio/core/event_loop.hpp>
#include <aio/core/sleep.hpp>
#include <aio/sync/threads.hpp>

#include "http/wire/syntax.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace aio::cli {

// What is known of one attempt, whether it succeeds or not.
struct Downloader::Attempt {
    bool resume = false;     // resume what an earlier attempt has left
    bool last = false;       // no retry will follow
    bool resumed = false;    // the download was resumed
    bool there = false;      // the file was complete before
    bool unchanged = false;  // the server answered 304
    bool repeatable = true;  // nothing was done that cannot be undone
    bool can_go_on = false;  // the server sent a validator, so a retry can ask for the rest
    Answer answer = Answer::other;
    std::string stored;       // where the bytes are now
    std::string kept;         // where the beginning of them is
    std::string server_name;  // the name that the server gave

    Attempt() noexcept {}
};

namespace {

// Takes the transfer out of the progress at the end, however it ends.
class Shown {
public:
    Shown(Progress& progress, std::string name)
        : progress_(progress), transfer_(progress.start(std::move(name), get_running_loop().time())) {}
    Shown(const Shown&) = delete;
    ~Shown() { progress_.finish(transfer_); }
    Transfer& transfer() const noexcept { return transfer_; }

private:
    Progress& progress_;
    Transfer& transfer_;
};

[[noreturn]] void throw_status(const http::ClientResponse& response) {
    std::optional<std::chrono::seconds> wait;
    const auto seconds = http::wire::parse_number<std::uint32_t>(response.headers().get("Retry-After", ""));
    if (seconds) wait = std::chrono::seconds(*seconds);
    throw StatusError(response.status(), http::wire::printable(response.reason()), wait);
}

constexpr int kSwitchingProtocols = 101, kNotModified = 304;

// 101 is not an error, but no body follows it.
void check_switch(const http::ClientResponse& response) {
    if (response.status() == kSwitchingProtocols) throw_status(response);
}

std::string size_text(const Transfer& transfer) {
    std::string text = format_size(static_cast<double>(transfer.done));
    if (transfer.size) text += " of " + format_size(static_cast<double>(*transfer.size));
    return text;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.find_last_of('/') + 1); }

}  // namespace

Coro<int> Downloader::run(const Download& download) {
    const Shown shown(console_.progress(), download.target.empty() ? download.shown() : download.target);
    co_return co_await try_until_done(download, shown.transfer());
}

Coro<int> Downloader::try_until_done(const Download& download, Transfer& transfer) {
    bool resume = options_.resume;
    bool doubted = false;  // what an earlier run has left was dropped
    for (unsigned number = 0;;) {
        Attempt now;
        now.resume = resume;
        now.last = number >= options_.retry;
        std::exception_ptr failed;
        try {
            co_await attempt(download, transfer, now);
        } catch (const CancelledError&) {
            if (!now.kept.empty()) {
                console_.complain(
                    fmt::format("{}: stopped; {} are in {}", download.shown(), size_text(transfer), now.kept));
            }
            throw;
        } catch (...) {
            failed = std::current_exception();
        }
        if (!failed) {
            report_success(download, transfer, now);
            co_return kDone;
        }
        const Problem problem = explain(failed);
        if (problem.status == kBadChecksum && now.resumed && !std::exchange(doubted, true)) {
            console_.say(fmt::format("{}: {}; the partial file is dropped, and the whole is fetched again",
                                     download.shown(), problem.text));
            resume = false;
            continue;
        }
        if (!problem.transient || now.last || !now.repeatable) {
            const std::string kept =
                now.kept.empty() ? ""
                                 : fmt::format("\n  {} are in {}; resume with -C -", size_text(transfer), now.kept);
            console_.complain(fmt::format("{}: {}{}", download.shown(), problem.text, kept));
            co_return problem.status;
        }
        const Duration delay = delay_before(number++, problem);
        console_.say(fmt::format("{}: {}; trying again in {}", download.shown(), problem.text, format_time(delay)));
        resume = resume || now.can_go_on;
        co_await sleep(delay);
    }
}

// As curl: 1, 2, 4... seconds, 10 minutes at the most; what the server asks for, if that is more.
Duration Downloader::delay_before(unsigned attempt, const Problem& problem) const {
    if (options_.retry_delay >= 0) {
        return std::chrono::duration<double>(options_.retry_delay);
    }
    constexpr std::chrono::seconds kLongest = std::chrono::minutes(10);
    const std::chrono::seconds doubled(1u << std::min(attempt, 10u));
    return std::min(std::max(doubled, problem.retry_after.value_or(doubled)), kLongest);
}

void Downloader::report_success(const Download& download, const Transfer& transfer, const Attempt& attempt) {
    if (download.target.empty()) return;
    if (attempt.unchanged) {
        console_.say(fmt::format("{}  has not changed", attempt.stored));
        return;
    }
    if (attempt.there) {
        console_.say(fmt::format("{}  is already complete, {}", attempt.stored, size_text(transfer)));
        return;
    }
    const TimePoint now = get_running_loop().time();
    const double seconds = std::chrono::duration<double>(now - transfer.started).count();
    console_.say(fmt::format(
        "{}  {}{}, {:.2f} s, {}/s", attempt.stored, format_size(static_cast<double>(transfer.done)),
        attempt.resumed ? fmt::format(" ({} of them resumed)", format_size(static_cast<double>(transfer.resumed)))
                        : "",
        seconds, format_size(transfer.rate(now))));
}

Coro<> Downloader::attempt(const Download& download, Transfer& transfer, Attempt& attempt) {
    transfer.done = transfer.resumed = 0;
    transfer.size.reset();
    bool stream = download.target.empty();
    if (!stream) {
        const auto look = [path = download.target] { return is_stream(path); };
        stream = co_await to_thread(look);
    }
    if (stream) {
        co_await to_stream(download, transfer, attempt);
    } else {
        co_await to_file(download, transfer, attempt);
    }
}

Coro<> Downloader::to_stream(const Download& download, Transfer& transfer, Attempt& attempt) {
    http::ClientResponse response = co_await requests_.make(download.url);
    check_switch(response);
    const bool printed = download.target.empty();
    const bool worth_another = !attempt.last && is_transient(response.status());
    if (!response.ok() && (options_.fail || worth_another || !printed)) throw_status(response);
    attempt.repeatable = false;
    attempt.stored = download.target;
    files::File file;
    if (printed) {
        file = files::stdout_bytes();
    } else {
        file = co_await files::open(download.target, "wb");
    }
    StreamOutput out(std::move(file), download.checksum);
    if (options_.include || options_.head) co_await out.write_head(head_text(response));
    transfer.size = response.content_length();
    while (true) {
        const std::string_view piece = co_await response.content().readany_view();
        if (piece.empty()) break;
        co_await out.write(piece);
        transfer.done += piece.size();
    }
    co_await out.finish();
}

Coro<> Downloader::to_file(const Download& download, Transfer& transfer, Attempt& attempt) {
    // A retry resumes only what its predecessors have left: an existing NAME is to be replaced.
    PartialFile partial =
        co_await PartialFile::open(download.target, download.shown(), attempt.resume, options_.resume);
    transfer.done = transfer.resumed = partial.size();
    std::exception_ptr failed;
    try {
        co_await receive(download, transfer, attempt, partial);
    } catch (...) {
        failed = std::current_exception();
    }
    if (!failed) co_return;
    attempt.can_go_on = partial.validators().usable();
    try {
        const bool kept = co_await partial.keep();
        if (kept) attempt.kept = partial.path();
        transfer.done = partial.size();
    } catch (const OSError&) {
        // The first error says more.
    }
    std::rethrow_exception(failed);
}

// Also sets attempt.answer: how to use the response.
Coro<http::ClientResponse> Downloader::ask(const Download& download, const PartialFile& partial, Attempt& attempt) {
    const std::uint64_t offset = partial.size() > 0 ? partial.size() : partial.adoptable();
    if (offset > 0) {
        http::ClientRequest request = requests_.make(download.url);
        ask_for_rest(request, offset, partial.validators());
        http::ClientResponse response = co_await std::move(request);
        attempt.answer = understand(response.status(), response.headers(), offset, partial.validators());
        if (attempt.answer != Answer::again) co_return response;
    }
    attempt.answer = Answer::restart;
    http::ClientResponse response = co_await requests_.make(download.url);
    co_return response;
}

Coro<> Downloader::receive(const Download& download, Transfer& transfer, Attempt& attempt, PartialFile& partial) {
    http::ClientResponse response = co_await ask(download, partial, attempt);
    if (attempt.answer == Answer::complete) {
        transfer.done = transfer.resumed = partial.size() + partial.adoptable();
        attempt.resumed = attempt.there = true;
        if (partial.size() == 0) {  // TARGET itself is
            if (download.checksum) co_await verify_file(download.target, *download.checksum);
            attempt.stored = download.target;
            co_await partial.discard();
            co_return;
        }
    } else {
        // A page about an error is not the file.
        if (!response.ok()) throw_status(response);
        check_switch(response);
        if (response.status() == kNotModified) {  // somebody has asked on a condition (-H)
            attempt.stored = download.target;
            attempt.unchanged = true;
            co_await partial.keep();
            co_return;
        }
        Validators validators = validators_of(download.shown(), response.status(), response.headers());
        const Validators& kept = partial.validators();
        const bool same = attempt.answer == Answer::append ||
                          (!kept.etag.empty() && kept.etag == validators.etag && kept.coding == validators.coding);
        if (same && !validators.size) validators.size = kept.size;
        if (attempt.answer == Answer::append) {
            if (partial.size() == 0) co_await partial.adopt();
            partial.go_on(std::move(validators));
            attempt.resumed = true;
        } else {
            const bool part = is_part(response.status(), response.headers());
            if (part && !requests_.asks_for_part()) {
                throw http::ClientPayloadError("the server sent only a part, but was asked for the whole");
            }
            // -I gets no body at all.
            if (part || options_.head) validators.size.reset();
            co_await partial.restart(std::move(validators));
        }
        co_await receive_body(response, transfer, partial);
    }
    const auto disposition = response.headers().get("Content-Disposition");
    if (download.name_by_server && disposition) {
        attempt.server_name = name_of_disposition(*disposition).value_or("");
    }
    co_await store(download, attempt, partial);
}

Coro<> Downloader::receive_body(http::ClientResponse& response, Transfer& transfer, PartialFile& partial) {
    const std::optional<std::uint64_t> size = partial.validators().size;
    transfer.done = transfer.resumed = partial.size();
    transfer.size = size;
    std::uint64_t head_size = 0;
    if (options_.include || options_.head) {
        const std::string head = head_text(response);
        head_size = head.size();
        co_await partial.write(head);
    }
    while (true) {
        const std::string_view piece = co_await response.content().readany_view();
        if (piece.empty()) break;
        co_await partial.write(piece);
        transfer.done += piece.size();
    }
    if (size && partial.size() != *size + head_size) {
        const std::uint64_t got = partial.size() - head_size;
        // All of it came, as the connection says, and is not what it should be: no beginning of anything.
        if (transfer.resumed == 0) co_await partial.discard();
        throw http::ClientPayloadError(fmt::format("the server sent {} bytes, but announced {}", got, *size));
    }
}

Coro<> Downloader::store(const Download& download, Attempt& attempt, PartialFile& partial) {
    if (download.checksum) {
        co_await partial.flush();
        std::exception_ptr wrong;
        try {
            co_await verify_file(partial.path(), *download.checksum);
        } catch (const ChecksumError&) {
            wrong = std::current_exception();
        }
        if (wrong) {
            co_await partial.discard();  // resuming it would be useless
            std::rethrow_exception(wrong);
        }
    }
    attempt.stored =
        attempt.server_name.empty() ? download.target : directory_of(download.target) + attempt.server_name;
    co_await partial.finish(attempt.stored, download.name_by_server);
}

}  // namespace aio::cli
