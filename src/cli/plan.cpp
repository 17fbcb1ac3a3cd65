// Targets for URLs, and checksums for targets.
#include "cli/plan.hpp"

#include "cli/file_name.hpp"
#include "cli/problem.hpp"
#include "cli/target.hpp"

#include "http/given_url.hpp"
#include "http/wire/syntax.hpp"

#include <map>
#include <set>

namespace aio::cli {

namespace {

namespace wire = http::wire;

http::URL parse_url(const std::string& text) {
    try {
        http::URL url = http::detail::typed_url(text);
        if (url.scheme() != "http" && url.scheme() != "https") {
            throw UsageError("the URL '" + text + "': only http and https are supported", kBadUrl);
        }
        return url;
    } catch (const http::InvalidURL& error) {
        throw UsageError(error.what(), kBadUrl);
    }
}

// The names that are taken, with those of their partial files and notes.
class Names {
public:
    // `path`, or the first of path.1, path.2... that is free.
    std::string take(const std::string& path) {
        std::string name = path;
        for (unsigned number = 1; !free(name); ++number) name = path + "." + std::to_string(number);
        for (const char* suffix : {"", ".part", ".part.json"}) taken_.insert(name + suffix);
        return name;
    }
    bool free(const std::string& path) const {
        for (const char* suffix : {"", ".part", ".part.json"}) {
            if (taken_.contains(path + suffix)) return false;
        }
        return true;
    }

private:
    std::set<std::string> taken_;
};

std::string in_directory(const std::string& directory, const std::string& name) {
    if (directory.empty() || name.starts_with('/')) return name;
    return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

// Where the URL's bytes go. Empty: to standard output.
void choose_target(Download& download, const FetchOptions& options, std::size_t index, bool alone, Names& names) {
    const std::string* const given = index < options.outputs.size() ? &options.outputs[index] : nullptr;
    if (given && *given == "-") return;
    if (given) {
        const std::string path = in_directory(options.output_dir, *given);
        if (path.empty() || path.ends_with('/')) throw UsageError("-o '" + *given + "' is not a file name");
        if (is_stream(path)) {  // /dev/null takes as many as there are
            download.target = path;
            return;
        }
        if (!names.free(path)) throw UsageError("-o '" + path + "' is given twice");
        download.target = names.take(path);
        return;
    }
    const bool own_name =
        options.remote_name || options.remote_header_name || options.resume || !options.output_dir.empty();
    if (!own_name && (alone || options.head)) return;
    download.name_by_server = options.remote_header_name;
    download.target = names.take(in_directory(options.output_dir, name_of_url(download.url)));
}

std::string last_part(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

void check(const FetchOptions& options, const std::vector<std::string>& urls) {
    if (urls.empty()) throw UsageError("no URL given; name one, or a list of them with --input FILE");
    if (options.outputs.size() > urls.size()) throw UsageError("there are more -o options than URLs");
    if (options.checksums.size() > urls.size()) throw UsageError("there are more --checksum options than URLs");
    if (options.resume && options.compressed) {
        throw UsageError("-C - resumes the file as stored on the server: omit --compressed");
    }
    if (options.resume && (options.include || options.head)) {
        throw UsageError("-C - resumes a body without headers: omit -i and -I");
    }
    if (options.head && !options.data.empty()) throw UsageError("-I requests only headers: omit -d");
    if (!options.proxy.empty() && !options.unix_socket.empty()) {
        throw UsageError("-x and --unix-socket exclude each other");
    }
    if (!options.checksums.empty() && !options.checksum_file.empty()) {
        throw UsageError("--checksum and --checksums exclude each other");
    }
}

}  // namespace

std::vector<std::string> parse_url_list(std::string_view text) {
    std::vector<std::string> urls;
    while (!text.empty()) {
        const std::string_view line = wire::trimmed(wire::take_until(text, '\n'));
        const std::string_view url = line.ends_with('\r') ? wire::trimmed(line.substr(0, line.size() - 1)) : line;
        if (!url.empty() && url.front() != '#') urls.emplace_back(url);
    }
    return urls;
}

std::vector<Download> plan(const FetchOptions& options, const std::vector<std::string>& urls,
                           std::string_view checksum_file) {
    check(options, urls);
    const std::map<std::string, Checksum> listed = parse_checksum_file(checksum_file, options.checksum_file);
    Names names;
    std::vector<Download> all;
    for (std::size_t i = 0; i < urls.size(); ++i) {
        Download& download = all.emplace_back();
        download.url = parse_url(urls[i]);
        choose_target(download, options, i, urls.size() == 1, names);
        if (i < options.checksums.size()) download.checksum = Checksum::parse(options.checksums[i]);
        if (options.checksum_file.empty()) continue;
        const std::string name = download.target.empty() ? name_of_url(download.url) : last_part(download.target);
        const auto found = listed.find(name);
        if (found == listed.end()) throw UsageError(options.checksum_file + " has no line for '" + name + "'");
        download.checksum = found->second;
    }
    return all;
}

}  // namespace aio::cli
