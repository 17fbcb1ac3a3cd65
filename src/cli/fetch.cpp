// The whole run of `aiocpp fetch`: collects the URLs, downloads files in parallel and bodies for standard output in
// order, redraws the bars, and turns Ctrl-C and SIGTERM into an exit status. download.cpp has one download, plan.cpp
// the choice of its target.
#include "cli/fetch.hpp"

#include "cli/console.hpp"
#include "cli/download.hpp"
#include "cli/plan.hpp"
#include "cli/problem.hpp"
#include "cli/request.hpp"

#include <aio/aio.hpp>
#include <aio/files.hpp>

#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <set>
#include <utility>

namespace aio::cli {

namespace {

using namespace std::chrono_literals;

// The URLs of the command line and of its lists.
Coro<std::vector<std::string>> gather_urls(const FetchOptions& options) {
    std::vector<std::string> urls = options.urls;
    for (const std::string& input : options.inputs) {
        std::string text;
        if (input == "-") {
            text = co_await files::stdin_().read();
        } else {
            text = co_await files::read_file(input);
        }
        for (std::string& url : parse_url_list(text)) urls.push_back(std::move(url));
    }
    co_return urls;
}

Coro<std::vector<Download>> make_plan(const FetchOptions& options) {
    const std::vector<std::string> urls = co_await gather_urls(options);
    std::string checksums;
    if (!options.checksum_file.empty()) checksums = co_await files::read_file(options.checksum_file);
    co_return plan(options, urls, checksums);
}

// The directories that files go to.
Coro<> make_directories(const std::vector<Download>& downloads) {
    std::set<std::string> directories;
    for (const Download& download : downloads) {
        const std::size_t slash = download.target.find_last_of('/');
        if (slash != std::string::npos && slash > 0) directories.insert(download.target.substr(0, slash));
    }
    for (const std::string& directory : directories) co_await files::makedirs(directory, {.exist_ok = true});
}

class Fetch {
public:
    Fetch(const FetchOptions& options, std::vector<Download> downloads, std::string form)
        : options_(options),
          downloads_(std::move(downloads)),
          statuses_(downloads_.size(), kDone),
          requests_(options, std::move(form)),
          console_(options.silent, options.show_error, downloads_.size()),
          downloader_(options, requests_, console_) {
        for (std::size_t i = 0; i < downloads_.size(); ++i) {
            (downloads_[i].target.empty() ? printed_ : stored_).push_back(i);
        }
        if (!printed_.empty() && ::isatty(STDOUT_FILENO) == 1) console_.share_terminal();
    }

    Coro<int> run();

private:
    Coro<> fetch_all();
    // Takes one after the other from `line`, until it is empty.
    Coro<> work_off(std::vector<std::size_t>& line, std::size_t& next);
    Coro<> draw();
    int status() const;

    const FetchOptions& options_;
    std::vector<Download> downloads_;
    std::vector<int> statuses_;
    std::vector<std::size_t> stored_, printed_;  // which of them go to files, and to standard output
    std::size_t next_stored_ = 0, next_printed_ = 0;
    Requests requests_;
    Console console_;
    Downloader downloader_;
};

Coro<> Fetch::work_off(std::vector<std::size_t>& line, std::size_t& next) {
    while (next < line.size()) {
        const std::size_t index = line[next++];
        statuses_[index] = kInterrupted;  // until it has ended
        statuses_[index] = co_await downloader_.run(downloads_[index]);
    }
}

// What goes to standard output goes there in order; files come as they come.
Coro<> Fetch::fetch_all() {
    const std::size_t workers = std::min(options_.concurrency, stored_.size());
    co_await with_task_group([&](TaskGroup& group) -> Coro<> {
        for (std::size_t i = 0; i < workers; ++i) group.create_task(work_off(stored_, next_stored_));
        if (!printed_.empty()) group.create_task(work_off(printed_, next_printed_));
        co_return;
    });
}

Coro<> Fetch::draw() {
    while (true) {
        co_await sleep(100ms);
        console_.draw();
    }
}

int Fetch::status() const {
    const auto failed = std::find_if(statuses_.begin(), statuses_.end(), [](int s) { return s != kDone; });
    return failed == statuses_.end() ? kDone : *failed;
}

Coro<int> Fetch::run() {
    EventLoop& loop = get_running_loop();
    bool terminated = false, interrupted = false;
    loop.add_signal_handler(SIGTERM, [&terminated, main = current_task()] {
        if (!std::exchange(terminated, true)) main.cancel();
    });
    std::vector<Task<>> drawing;
    if (console_.has_bars()) drawing.push_back(create_task(draw()));
    std::exception_ptr failed;
    try {
        co_await fetch_all();
    } catch (const CancelledError&) {
        interrupted = true;
    } catch (...) {
        failed = std::current_exception();
    }
    for (Task<>& task : drawing) task.cancel();
    if (!drawing.empty()) co_await wait(drawing);
    console_.erase();
    co_await requests_.close();
    loop.remove_signal_handler(SIGTERM);
    if (failed) std::rethrow_exception(failed);
    if (!interrupted) co_return status();
    console_.complain(options_.resume || !stored_.empty() ? "interrupted; resume with the same command and -C -"
                                                          : "interrupted");
    co_return terminated ? kTerminated : kInterrupted;
}

Coro<int> fetch_main(const FetchOptions& options) {
    std::unique_ptr<Fetch> fetch;
    try {
        std::vector<Download> downloads = co_await make_plan(options);
        std::string form = co_await load_form(options.data);
        co_await make_directories(downloads);
        fetch = std::make_unique<Fetch>(options, std::move(downloads), std::move(form));
    } catch (const UsageError& error) {
        fmt::print(stderr, "aiocpp fetch: {}\n", error.what());
        co_return error.status();
    } catch (const ValueError& error) {
        fmt::print(stderr, "aiocpp fetch: {}\n", error.what());
        co_return kUsage;
    } catch (const OSError& error) {
        fmt::print(stderr, "aiocpp fetch: {}\n", error.what());
        co_return kReadError;
    }
    co_return co_await fetch->run();
}

}  // namespace

int fetch(const FetchOptions& options) {
    try {
        return aio::run(fetch_main(options));
    } catch (const KeyboardInterrupt&) {
        return kInterrupted;
    }
}

}  // namespace aio::cli
