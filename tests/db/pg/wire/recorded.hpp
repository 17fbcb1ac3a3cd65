// A session with PostgreSQL 15.18, recorded: what the server sent, and what it says.
#pragma once

#include "db/pg/wire/transcript.hpp"

#include <string>

namespace aio::test {

// Version 3.2 and an unknown option asked for; queries, errors, a notice, a prepared statement read in two portions, COPY both
// ways, NOTIFY, and the end by pg_terminate_backend(). (Some of the ParameterStatus messages are left out.)
inline std::string recorded_session() {
    using namespace std::string_literals;
    return pg_message('v', "\0\003\0\0\0\0\0\001_pq_.fast\0"s) + pg_message('R', "\0\0\0\0"s) +
           pg_message('S', "client_encoding\0UTF8\0"s) +
           pg_message('S', "server_version\00015.18 (Debian 15.18-0+deb12u1)\0"s) +
           pg_message('S', "TimeZone\0Etc/UTC\0"s) + pg_message('K', "\0\0\026%\355\001\214\020"s) +
           pg_message('Z', "I"s) + pg_message('C', "CREATE TABLE\0"s) + pg_message('Z', "I"s) +
           pg_message('C', "INSERT 0 2\0"s) + pg_message('Z', "I"s) +
           pg_message('T',
                      "\0\003id\0\0\0@\010\0\001\0\0\0\027\0\004\377\377\377\377\0\0name\0\0\0@\010\0\002"
                      "\0\0\0\031\377\377\377\377\377\377\0\0empty\0\0\0\0\0\0\0\0\0\0\031\377\377\377"
                      "\377\377\377\0\0"s) +
           pg_message('D', "\0\003\0\0\0\0011\0\0\0\003Bob\0\0\0\0"s) +
           pg_message('D', "\0\003\0\0\0\0012\377\377\377\377\0\0\0\0"s) + pg_message('C', "SELECT 2\0"s) +
           pg_message('C', "UPDATE 0\0"s) + pg_message('Z', "I"s) + pg_message('I') + pg_message('Z', "I"s) +
           pg_message('N',
                      "SNOTICE\0VNOTICE\0C00000\0Mcareful\0Dtwice\0Hlook\0WPL/pgSQL function inline_co"
                      "de_block line 1 at RAISE\0Fpl_exec.c\0L3891\0Rexec_stmt_raise\0\0"s) +
           pg_message('C', "DO\0"s) + pg_message('Z', "I"s) + pg_message('C', "BEGIN\0"s) + pg_message('Z', "T"s) +
           pg_message('E',
                      "SERROR\0VERROR\0C23505\0Mduplicate key value violates unique constraint \"users"
                      "_pkey\"\0DKey (id)=(1) already exists.\0spg_temp_3\0tusers\0nusers_pkey\0Fnbtin"
                      "sert.c\0L664\0R_bt_check_unique\0\0"s) +
           pg_message('Z', "E"s) + pg_message('C', "ROLLBACK\0"s) + pg_message('Z', "I"s) +
           pg_message('E',
                      "SERROR\0VERROR\0C42601\0Msyntax error at end of input\0P11\0Fscan.l\0L1180\0Rsc"
                      "anner_yyerror\0\0"s) +
           pg_message('Z', "I"s) + pg_message('1') + pg_message('t', "\0\002\0\0\0\027\0\0\0\031"s) +
           pg_message('T',
                      "\0\002id\0\0\0@\010\0\001\0\0\0\027\0\004\377\377\377\377\0\0text\0\0\0\0\0\0\0"
                      "\0\0\0\031\377\377\377\377\377\377\0\0"s) +
           pg_message('2') +
           pg_message('T',
                      "\0\002id\0\0\0@\010\0\001\0\0\0\027\0\004\377\377\377\377\0\001text\0\0\0\0\0\0"
                      "\0\0\0\0\031\377\377\377\377\377\377\0\001"s) +
           pg_message('D', "\0\002\0\0\0\004\0\0\0\001\0\0\0\002hi"s) + pg_message('s') +
           pg_message('D', "\0\002\0\0\0\004\0\0\0\002\0\0\0\002hi"s) + pg_message('C', "SELECT 1\0"s) +
           pg_message('3') + pg_message('1') + pg_message('t', "\0\0"s) + pg_message('n') + pg_message('Z', "I"s) +
           pg_message('H', "\0\0\002\0\0\0\0"s) + pg_message('d', "1\tBob\n"s) + pg_message('d', "2\t\\N\n"s) +
           pg_message('c') + pg_message('C', "COPY 2\0"s) + pg_message('G', "\0\0\002\0\0\0\0"s) +
           pg_message('C', "COPY 1\0"s) + pg_message('Z', "I"s) + pg_message('C', "LISTEN\0"s) +
           pg_message('Z', "I"s) + pg_message('C', "NOTIFY\0"s) + pg_message('A', "\0\0\026%news\0extra\0"s) +
           pg_message('Z', "I"s) + pg_message('1') + pg_message('2') +
           pg_message('D', "\0\002\0\0\0\0045669\0\0\0\001t"s) +
           pg_message('E',
                      "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0F"
                      "postgres.c\0L3211\0RProcessInterrupts\0\0"s);
}

inline std::string recorded_transcript() {
    using namespace std::string_literals;
    return "NegotiateProtocolVersion 0 '_pq_.fast'\n"
           "Authentication 0 '' ''\n"
           "ParameterStatus 'client_encoding' 'UTF8'\n"
           "ParameterStatus 'server_version' '15.18 (Debian 15.18-0+deb12u1)'\n"
           "ParameterStatus 'TimeZone' 'Etc/UTC'\n"
           "BackendKeyData 5669 '\355\001\214\020'\n"
           "ReadyForQuery I\n"
           "CommandComplete 'CREATE TABLE'\n"
           "ReadyForQuery I\n"
           "CommandComplete 'INSERT 0 2' 2\n"
           "ReadyForQuery I\n"
           "RowDescription 'id' 16392 1 23 4 -1 0 'name' 16392 2 25 -1 -1 0 'empty' 0 0 25 "
           "-1 -1 0\n"
           "DataRow '1' 'Bob' ''\n"
           "DataRow '2' NULL ''\n"
           "CommandComplete 'SELECT 2' 2\n"
           "CommandComplete 'UPDATE 0' 0\n"
           "ReadyForQuery I\n"
           "EmptyQueryResponse\n"
           "ReadyForQuery I\n"
           "NoticeResponse severity=NOTICE unlocalized=NOTICE sqlstate=00000 message=carefu"
           "l detail=twice hint=look where=PL/pgSQL function inline_code_block line 1 at RA"
           "ISE file=pl_exec.c line=3891 routine=exec_stmt_raise\n"
           "CommandComplete 'DO'\n"
           "ReadyForQuery I\n"
           "CommandComplete 'BEGIN'\n"
           "ReadyForQuery T\n"
           "ErrorResponse severity=ERROR unlocalized=ERROR sqlstate=23505 message=duplicate"
           " key value violates unique constraint \"users_pkey\" detail=Key (id)=(1) alread"
           "y exists. schema=pg_temp_3 table=users constraint=users_pkey file=nbtinsert.c l"
           "ine=664 routine=_bt_check_unique\n"
           "ReadyForQuery E\n"
           "CommandComplete 'ROLLBACK'\n"
           "ReadyForQuery I\n"
           "ErrorResponse severity=ERROR unlocalized=ERROR sqlstate=42601 message=syntax er"
           "ror at end of input position=11 file=scan.l line=1180 routine=scanner_yyerror\n"
           "ReadyForQuery I\n"
           "ParseComplete\n"
           "ParameterDescription 23 25\n"
           "RowDescription 'id' 16392 1 23 4 -1 0 'text' 0 0 25 -1 -1 0\n"
           "BindComplete\n"
           "RowDescription 'id' 16392 1 23 4 -1 1 'text' 0 0 25 -1 -1 1\n"
           "DataRow '\0\0\0\001' 'hi'\n"
           "PortalSuspended\n"
           "DataRow '\0\0\0\002' 'hi'\n"
           "CommandComplete 'SELECT 1' 1\n"
           "CloseComplete\n"
           "ParseComplete\n"
           "ParameterDescription\n"
           "NoData\n"
           "ReadyForQuery I\n"
           "CopyOutResponse 0: 0 0\n"
           "CopyData '1\tBob\n'\n"
           "CopyData '2\t\\N\n'\n"
           "CopyDone\n"
           "CommandComplete 'COPY 2' 2\n"
           "CopyInResponse 0: 0 0\n"
           "CommandComplete 'COPY 1' 1\n"
           "ReadyForQuery I\n"
           "CommandComplete 'LISTEN'\n"
           "ReadyForQuery I\n"
           "CommandComplete 'NOTIFY'\n"
           "NotificationResponse 5669 'news' 'extra'\n"
           "ReadyForQuery I\n"
           "ParseComplete\n"
           "BindComplete\n"
           "DataRow '5669' 't'\n"
           "ErrorResponse severity=FATAL unlocalized=FATAL sqlstate=57P01 message=terminati"
           "ng connection due to administrator command file=postgres.c line=3211 routine=Pr"
           "ocessInterrupts\n"s;
}

}  // namespace aio::test
