// OpenSSL's way of overwriting memory.
#include "db/pg/wire/secret.hpp"

#include <openssl/crypto.h>

namespace aio::pg::wire {

void wipe(void* bytes, std::size_t size) noexcept { OPENSSL_cleanse(bytes, size); }

}  // namespace aio::pg::wire
