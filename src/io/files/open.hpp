// Opening files. Internal to src/io/files.
#pragma once

#include <aio/io/file.hpp>

#include "io/files/mode.hpp"

#include <string>

namespace aio::detail {

// Makes a File of a descriptor that is open, and owns it from then on if options.closefd.
// `opened_here`: nobody else has it. Errors: IsADirectoryError; OSError; std::bad_alloc; it stays the caller's then.
files::File adopt(int fd, std::string name, const FileMode& mode, const files::OpenOptions& options,
                  bool opened_here);

}  // namespace aio::detail
