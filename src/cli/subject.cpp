// The options, and the memory behind them; what is read there: debug/window_reader.hpp.
#include "cli/subject.hpp"

#include "debug/core_file.hpp"

#include <CLI/CLI.hpp>

namespace aio::cli {

void add_subject_options(CLI::App& command, Subject& subject) {
    auto* const what = command.add_option_group("what");
    what->add_option("PID", subject.pid, "The process to look into; it is not stopped")->check(CLI::PositiveNumber);
    what->add_option("--core", subject.core, "A core file to look into")->type_name("FILE");
    what->require_option(1);
}

OpenSubject open_subject(const Subject& subject) {
    if (subject.core.empty()) {
        return {std::make_unique<debug::ProcessMemory>(subject.pid), "the process " + std::to_string(subject.pid)};
    }
    return {std::make_unique<debug::CoreMemory>(subject.core), "the program in " + subject.core};
}

}  // namespace aio::cli
