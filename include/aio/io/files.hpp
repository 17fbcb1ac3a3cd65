// All of aio::files: files (file.hpp), paths and directories (file_system.hpp), temporary files
// (tempfile.hpp).
#pragma once

#include <aio/io/file.hpp>
#include <aio/io/file_system.hpp>
#include <aio/io/tempfile.hpp>
