// Files, directories and temporary files: aio::files, as aiofiles.
#pragma once

#include <aio/io/files.hpp>
