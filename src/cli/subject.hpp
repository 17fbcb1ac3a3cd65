// Whose memory a command looks into: a process's, or a core file's.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace aio::debug {
class Memory;
}

namespace aio::cli {

struct Subject {
    int pid = 0;       // 0: a core file
    std::string core;  // its path
};

struct OpenSubject {
    std::unique_ptr<debug::Memory> memory;
    std::string name;  // for messages
};

// PID or --core, one of them.
void add_subject_options(CLI::App& command, Subject& subject);
// Errors: those of debug::ProcessMemory and debug::CoreMemory.
OpenSubject open_subject(const Subject& subject);

}  // namespace aio::cli
