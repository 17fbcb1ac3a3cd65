// The cases of URIs are those of PostgreSQL's own test, src/interfaces/libpq/t/001_uri.pl (16).
#include "db/pg/conninfo/dsn.hpp"

#include <gtest/gtest.h>

namespace aio::pg::conninfo {
namespace {

std::string message_of(std::string_view dsn) {
    try {
        parse_dsn(dsn);
    } catch (const ConninfoError& error) {
        return error.what();
    }
    return "";
}

TEST(Uri, has_parts_that_may_be_missing) {
    const std::pair<std::string_view, Options> cases[] = {
        {"postgresql://uri-user:secret@host:12345/db",
         {{"user", "uri-user"}, {"password", "secret"}, {"dbname", "db"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://uri-user@host:12345/db",
         {{"user", "uri-user"}, {"dbname", "db"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://uri-user@host/db", {{"user", "uri-user"}, {"dbname", "db"}, {"host", "host"}}},
        {"postgresql://host:12345/db", {{"dbname", "db"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://host/db", {{"dbname", "db"}, {"host", "host"}}},
        {"postgresql://uri-user@host:12345/", {{"user", "uri-user"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://uri-user@host/", {{"user", "uri-user"}, {"host", "host"}}},
        {"postgresql://uri-user@", {{"user", "uri-user"}}},
        {"postgresql://host:12345/", {{"host", "host"}, {"port", "12345"}}},
        {"postgresql://host:12345", {{"host", "host"}, {"port", "12345"}}},
        {"postgresql://host/", {{"host", "host"}}},
        {"postgresql://host", {{"host", "host"}}},
        {"postgresql://", {}},
        {"postgresql://?hostaddr=127.0.0.1", {{"hostaddr", "127.0.0.1"}}},
        {"postgresql://example.com?hostaddr=63.1.2.4", {{"host", "example.com"}, {"hostaddr", "63.1.2.4"}}},
        {"postgresql://%68ost/", {{"host", "host"}}},
        {"postgresql://host/db?user=uri-user", {{"user", "uri-user"}, {"dbname", "db"}, {"host", "host"}}},
        {"postgresql://host/db?user=uri-user&port=12345",
         {{"user", "uri-user"}, {"dbname", "db"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://host/db?u%73er=someotheruser&port=12345",
         {{"user", "someotheruser"}, {"dbname", "db"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://host:12345?user=uri-user", {{"user", "uri-user"}, {"host", "host"}, {"port", "12345"}}},
        {"postgresql://host?user=uri-user", {{"user", "uri-user"}, {"host", "host"}}},
        {"postgresql://host?", {{"host", "host"}}},
        {"postgresql://[::1]:12345/db", {{"dbname", "db"}, {"host", "::1"}, {"port", "12345"}}},
        {"postgresql://[::1]/db", {{"dbname", "db"}, {"host", "::1"}}},
        {"postgresql://[2001:db8::1234]/", {{"host", "2001:db8::1234"}}},
        {"postgresql://[200z:db8::1234]/", {{"host", "200z:db8::1234"}}},
        {"postgresql://[::1]", {{"host", "::1"}}},
        {"postgres://", {}},
        {"postgres:///", {}},
        {"postgres:///db", {{"dbname", "db"}}},
        {"postgres://uri-user@/db", {{"user", "uri-user"}, {"dbname", "db"}}},
        {"postgres://?host=/path/to/socket/dir", {{"host", "/path/to/socket/dir"}}},
        {"postgres://@host", {{"host", "host"}}},
        {"postgres://host:/", {{"host", "host"}}},
        {"postgres://:12345/", {{"port", "12345"}}},
        {"postgres://otheruser@?host=/no/such/directory", {{"user", "otheruser"}, {"host", "/no/such/directory"}}},
        {"postgres://otheruser@/?host=/no/such/directory", {{"user", "otheruser"}, {"host", "/no/such/directory"}}},
        {"postgres://otheruser@:12345?host=/no/such/socket/path",
         {{"user", "otheruser"}, {"host", "/no/such/socket/path"}, {"port", "12345"}}},
        {"postgres://:12345/db?host=/path/to/socket",
         {{"dbname", "db"}, {"host", "/path/to/socket"}, {"port", "12345"}}},
        {"postgres://%2Fvar%2Flib%2Fpostgresql/dbname", {{"dbname", "dbname"}, {"host", "/var/lib/postgresql"}}},
        {"postgresql://host?sslmode=verify-full", {{"host", "host"}, {"sslmode", "verify-full"}}},
    };
    for (const auto& [uri, options] : cases) EXPECT_EQ(parse_dsn(uri), options) << uri;
}

TEST(Uri, names_several_hosts) {
    EXPECT_EQ(parse_dsn("postgresql://a:1,b:2/db"), (Options{{"host", "a,b"}, {"port", "1,2"}, {"dbname", "db"}}));
    EXPECT_EQ(parse_dsn("postgresql://a,b:2"), (Options{{"host", "a,b"}, {"port", ",2"}}));
    EXPECT_EQ(parse_dsn("postgresql://a,b"), (Options{{"host", "a,b"}}));
    EXPECT_EQ(parse_dsn("postgresql://[::1]:1,[::2]"), (Options{{"host", "::1,::2"}, {"port", "1,"}}));
    EXPECT_EQ(parse_dsn("postgresql://u:p@,b"), (Options{{"user", "u"}, {"password", "p"}, {"host", ",b"}}));
    EXPECT_EQ(parse_dsn("postgresql://%2Ftmp,b:2/"), (Options{{"host", "/tmp,b"}, {"port", ",2"}}));
}

TEST(Uri, has_percent_codes_everywhere) {
    EXPECT_EQ(parse_dsn("postgresql://u%40x:p%3a%2f@h/d%20b?application_name=a%26b%3Dc+d"),
              (Options{{"user", "u@x"},
                       {"password", "p:/"},
                       {"host", "h"},
                       {"dbname", "d b"},
                       {"application_name", "a&b=c+d"}}));
    EXPECT_EQ(parse_dsn("postgresql://h?ssl=true"),
              (Options{{"host", "h"}, {"sslmode", "require"}}));  // as JDBC has it
}

TEST(Uri, that_is_wrong_is_refused) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"postgresql://host/db?u%7aer=someotheruser", "no connection option uzer; did you mean user?"},
        {"postgresql://host?uzer=", "no connection option uzer"},
        {"postgre://", "a URI begins with postgresql://"},
        {"postgres://[::1", "[ without its ]"},
        {"postgres://[]", "an empty IPv6 address"},
        {"postgres://[::1]z", "something behind the ]"},
        {"postgresql://host?zzz", "has no value"},
        {"postgresql://host?value1&value2", "has no value"},
        {"postgresql://host?key=key=value", "a second ="},
        {"postgres://host?dbname=%XXfoo", "value of an option"},
        {"postgresql://a%00b", "the host in the connection URI has %00"},
        {"postgresql://%zz", "the host in the connection URI has a % without"},
        {"postgresql://%1", "the host in the connection URI has a % without"},
        {"postgresql://%", "the host in the connection URI has a % without"},
        {"postgresql://u%:p@h", "the user in"},
        {"postgresql://u:secret%@h", "the password in"},
        {"postgresql://h/%d", "the database in"},
        {"postgresql://h?a b=c", "letters, digits and _ only"},
    };
    for (const auto& [uri, expected] : cases) {
        EXPECT_NE(message_of(uri).find(expected), std::string::npos) << uri << ": " << message_of(uri);
        EXPECT_EQ(message_of(uri).find("secret"), std::string::npos) << message_of(uri);
    }
}

TEST(KeyWords, have_values_in_quotes_or_not) {
    EXPECT_EQ(parse_dsn(""), Options());
    EXPECT_EQ(parse_dsn(" host = localhost\tport=1 "), (Options{{"host", "localhost"}, {"port", "1"}}));
    EXPECT_EQ(parse_dsn("password='it\\'s \\\\' dbname=a\\ b"),
              (Options{{"password", "it's \\"}, {"dbname", "a b"}}));
    EXPECT_EQ(parse_dsn("user='' host=a"), (Options{{"user", ""}, {"host", "a"}}));
    EXPECT_EQ(parse_dsn("user= host=a"), (Options{{"user", "host=a"}}));  // as libpq: blanks behind = do not count
    EXPECT_EQ(parse_dsn("host='a'port=1"), (Options{{"host", "a"}, {"port", "1"}}));
    EXPECT_EQ(parse_dsn("host=a host=b"), (Options{{"host", "b"}}));
    EXPECT_EQ(parse_dsn("search_path=x,y my.setting=1"), (Options{{"search_path", "x,y"}, {"my.setting", "1"}}));
}

TEST(Uri, with_a_NUL_byte_is_refused) {
    EXPECT_THROW(parse_dsn(std::string_view("postgres://a\0b@host", 19)), ConninfoError);
    EXPECT_THROW(parse_dsn(std::string_view("user=a\0b", 8)), ConninfoError);
}

TEST(KeyWords, that_are_wrong_are_refused_without_their_values) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"host", "position 0"},
        {"host=a password=my secret", "position 19"},
        {"password='secret", "the value of password in the connection string has no closing quote"},
        {"secret='x", "the value of an option"},
        {"hots=secret", "no connection option hots; did you mean host?"},
        {"pasword=secret", "did you mean password?"},
        {"se-cret=x", "letters, digits and _ only"},
        {"=secret", "letters, digits and _ only"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_NE(message_of(text).find(expected), std::string::npos) << text << ": " << message_of(text);
        EXPECT_EQ(message_of(text).find("secret"), std::string::npos) << message_of(text);
    }
}

TEST(Options, are_known_or_settings_of_the_server) {
    for (const KnownOption& each : known_options()) {
        Options options;
        set_option(options, each.name, "x");
        EXPECT_TRUE(is_known_option(each.name)) << each.name;
    }
    for (const char* setting :
         {"search_path", "statement_timeout", "timezone", "lock_timeout", "datestyle", "role", "jit", "geqo",
          "work_mem", "default_transaction_isolation", "idle_in_transaction_session_timeout"}) {
        Options options;
        EXPECT_NO_THROW(set_option(options, setting, "x")) << setting;
    }
    Options options;
    EXPECT_THROW(set_option(options, "user", std::string("a\0b", 3)), ConninfoError);
}

}  // namespace
}  // namespace aio::pg::conninfo
