// The commands; the events are read by debug/recording.hpp, the page is in trace_page.cpp.
#include "cli/trace.hpp"

#include <aio/base/error.hpp>

#include "cli/exit_status.hpp"
#include "cli/page.hpp"
#include "debug/core_file.hpp"
#include "debug/recording.hpp"
#include "debug/window_reader.hpp"

#include <nlohmann/json.hpp>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>

namespace aio::cli {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string read_whole(const std::string& path) {
    const File file(std::fopen(path.c_str(), "re"));
    if (!file) throw_os_error(errno, "open the trace '" + path + "'");
    std::string text;
    char piece[65536];
    while (const std::size_t got = std::fread(piece, 1, sizeof piece, file.get())) text.append(piece, got);
    if (std::ferror(file.get())) throw_os_error(errno, "read the trace '" + path + "'");
    return text;
}

bool is_trace(const std::string& text) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() && json.contains("traceEvents") && json["traceEvents"].is_array();
}

}  // namespace

void add_trace_dump_options(CLI::App& command, TraceOptions& options) {
    add_subject_options(command, options);
    command.add_flag("--text", options.text, "A line for each event, instead of a trace file");
    command.add_option("--last", options.last, "With --text: so many events of each loop")->capture_default_str();
    command.add_option("-o,--output", options.output, "Where to write it; else to standard output")
        ->type_name("FILE");
}

void add_trace_view_options(CLI::App& command, TraceOptions& options) {
    command.add_option("FILE", options.file, "A trace: of AIO_TRACE, trace::start(), or `aiocpp trace dump`")
        ->required();
    command.add_option("-o,--output", options.output, "The page; else FILE.html; - is standard output")
        ->type_name("FILE");
}

int trace_dump(const TraceOptions& options) {
    const OpenSubject subject = open_subject(options);
    debug::LookOptions how;
    how.frames = how.awaiters = false;
    const debug::Recording recording = debug::WindowReader(*subject.memory, subject.name).read_recording(how);
    if (recording.loops.empty())
        throw RuntimeError(
            subject.name +
            " has recorded nothing: set AIO_RECORDER=32768 in its environment, or call aio::debug::record_events()");
    return write_output(options.output, options.text
                                            ? debug::render_recording(recording, options.last)
                                            : debug::render_trace(recording, std::numeric_limits<std::int64_t>::min(),
                                                                  static_cast<std::uint64_t>(options.pid)));
}

int trace_view(const TraceOptions& options) {
    const std::string json = read_whole(options.file);
    if (!is_trace(json)) {
        throw RuntimeError(
            "'" + options.file +
            "' is no trace: give a file that AIO_TRACE, trace::start() or `aiocpp trace dump` has written");
    }
    return write_output(options.output.empty() ? options.file + ".html" : options.output,
                        fill_page(kTracePage, json));
}

}  // namespace aio::cli
