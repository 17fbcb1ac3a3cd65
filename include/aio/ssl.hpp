// TLS: contexts, certificates, sessions, errors, under Python's names in aio::ssl. For programs.
#pragma once

#include <aio/io/ssl.hpp>
