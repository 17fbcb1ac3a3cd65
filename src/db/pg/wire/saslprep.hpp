// SASLprep: one spelling of a password for SCRAM, however it was typed.
//
// Source: RFC 4013, RFC 3454; the choices are PostgreSQL 17's (src/common/saslprep.c), since a password is prepared on both
// sides: ASCII is left as it is, control characters too; prohibited and unassigned characters are looked for before the
// normalisation; a password that may not be prepared is used as it is.
#pragma once

#include "db/pg/wire/secret.hpp"

#include <string_view>

namespace aio::pg::wire {

Secret saslprep(std::string_view password);

}  // namespace aio::pg::wire
