// One download: from a request to a file that is complete, or to standard output; with retries.
#pragma once

#include "cli/console.hpp"
#include "cli/fetch_options.hpp"
#include "cli/plan.hpp"
#include "cli/request.hpp"

#include <cstdint>
#include <string>

namespace aio::cli {

class PartialFile;
struct Problem;

class Downloader {
public:
    // All outlive it.
    Downloader(const FetchOptions& options, const Requests& requests, Console& console)
        : options_(options), requests_(requests), console_(console) {}

    // Result: an ExitStatus; what went wrong was told to the console. Cancel: what came is kept, and the console told.
    Coro<int> run(const Download& download);

private:
    struct Attempt;

    Coro<int> try_until_done(const Download& download, Transfer& transfer);
    Coro<> attempt(const Download& download, Transfer& transfer, Attempt& attempt);
    Coro<> to_stream(const Download& download, Transfer& transfer, Attempt& attempt);
    Coro<> to_file(const Download& download, Transfer& transfer, Attempt& attempt);
    Coro<> receive(const Download& download, Transfer& transfer, Attempt& attempt, PartialFile& partial);
    Coro<> receive_body(http::ClientResponse& response, Transfer& transfer, PartialFile& partial);
    Coro<> store(const Download& download, Attempt& attempt, PartialFile& partial);
    Coro<http::ClientResponse> ask(const Download& download, const PartialFile& partial, Attempt& attempt);

    Duration delay_before(unsigned attempt, const Problem& problem) const;
    void report_success(const Download& download, const Transfer& transfer, const Attempt& attempt);

    const FetchOptions& options_;
    const Requests& requests_;
    Console& console_;
};

}  // namespace aio::cli
