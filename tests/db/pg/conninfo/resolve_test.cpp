#include "db/pg/conninfo/given.hpp"

namespace aio::pg::conninfo {
namespace {

using namespace std::chrono_literals;

std::string hosts_of(const ConnectionParameters& parameters) {
    std::string result;
    for (const Host& each : parameters.hosts) {
        result +=
            each.host + (each.hostaddr.empty() ? "" : "=" + each.hostaddr) + ":" + std::to_string(each.port) + " ";
    }
    return result;
}

TEST(Resolve, has_defaults) {  // asyncpg: test_connect.test_connection_implicit_host
    const ConnectionParameters parameters = Given().resolve("");
    EXPECT_EQ(hosts_of(parameters), "/run/postgresql:5432 /tmp:5432 localhost:5432 ");
    EXPECT_EQ(parameters.user, "me");
    EXPECT_EQ(parameters.database, "me");
    EXPECT_EQ(parameters.sslmode, SslMode::prefer);
    EXPECT_EQ(parameters.sslnegotiation, SslNegotiation::postgres);
    EXPECT_EQ(parameters.ssl_min_protocol_version, "TLSv1.2");
    EXPECT_EQ(parameters.ssl_directory, "/home/me/.postgresql");
    EXPECT_EQ(parameters.channel_binding, ChannelBinding::prefer);
    EXPECT_EQ(parameters.target_session_attrs, TargetSessionAttrs::any);
    EXPECT_EQ(parameters.connect_timeout, std::nullopt);
    EXPECT_TRUE(parameters.keepalives.enabled);
    EXPECT_TRUE(parameters.require_auth.allows("md5"));
    EXPECT_EQ(parameters.startup.size(), 0u);
    EXPECT_EQ(Given().resolve("user=you").database, "you");
}

TEST(Resolve, takes_the_first_that_has_an_option) {  // asyncpg: test_connect.test_connect_params
    Given given;
    given.environment = {
        {"PGUSER", "e"}, {"PGHOST", "eh"}, {"PGPORT", "1"}, {"PGDATABASE", "ed"}, {"PGPASSWORD", "ep"}};
    const ConnectionParameters parameters = given.resolve("postgresql://d@dh", {{"user", "o"}});
    EXPECT_EQ(parameters.user, "o");
    EXPECT_EQ(hosts_of(parameters), "dh:1 ");
    EXPECT_EQ(parameters.database, "ed");
    EXPECT_EQ(parameters.hosts[0].password, "ep");
    EXPECT_EQ(given.resolve("user=''").user, "me");  // an empty value is the default, and hides the environment's
}

TEST(Resolve, reads_the_environment) {  // asyncpg: test_connect.test_connect_params
    Given given;
    given.environment = {{"PGSSLMODE", "require"},
                         {"PGSSLROOTCERT", "/r"},
                         {"PGSSLCERT", "/c"},
                         {"PGSSLKEY", "/k"},
                         {"PGAPPNAME", "app"},
                         {"PGCONNECT_TIMEOUT", "7"},
                         {"PGOPTIONS", "-c geqo=off"},
                         {"PGTZ", "UTC"},
                         {"PGTARGETSESSIONATTRS", "standby"},
                         {"PGLOADBALANCEHOSTS", "random"},
                         {"PGCHANNELBINDING", "require"},
                         {"PGREQUIREAUTH", "scram-sha-256"}};
    const ConnectionParameters parameters = given.resolve("");
    EXPECT_EQ(parameters.sslmode, SslMode::require);
    EXPECT_EQ(parameters.sslrootcert + parameters.sslcert + parameters.sslkey, "/r/c/k");
    EXPECT_EQ(parameters.connect_timeout, 7s);
    EXPECT_EQ(parameters.target_session_attrs, TargetSessionAttrs::standby);
    EXPECT_EQ(parameters.load_balance_hosts, LoadBalanceHosts::random);
    EXPECT_EQ(parameters.channel_binding, ChannelBinding::require);
    EXPECT_TRUE(parameters.require_auth.allows("scram-sha-256"));
    EXPECT_FALSE(parameters.require_auth.allows("password"));
    using Startup = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(parameters.startup,
              (Startup{{"application_name", "app"}, {"options", "-c geqo=off"}, {"timezone", "UTC"}}));
    given.environment = {{"PGREQUIRESSL", "1"}};
    EXPECT_EQ(given.resolve("").sslmode, SslMode::require);
}

TEST(Hosts, have_ports_and_addresses) {
    const Given given;
    EXPECT_EQ(hosts_of(given.resolve("host=a,b port=1,2")), "a:1 b:2 ");
    EXPECT_EQ(hosts_of(given.resolve("host=a,b port=1")), "a:1 b:1 ");
    EXPECT_EQ(hosts_of(given.resolve("host=a,b port=,2")), "a:5432 b:2 ");
    EXPECT_EQ(hosts_of(given.resolve("host=a,,c")), "a:5432 /run/postgresql:5432 c:5432 ");
    EXPECT_EQ(hosts_of(given.resolve("host=a,b hostaddr=1.2.3.4,5.6.7.8")), "a=1.2.3.4:5432 b=5.6.7.8:5432 ");
    EXPECT_EQ(hosts_of(given.resolve("hostaddr=1.2.3.4,5.6.7.8 port=1,2")), "=1.2.3.4:1 =5.6.7.8:2 ");
    EXPECT_EQ(hosts_of(given.resolve("postgresql://[::1]:1,/db?port=7,8")), "::1:7 /run/postgresql:8 ");
    EXPECT_EQ(given.refusal("host=a,b port=1,2,3"),
              "the connection option port has 3 numbers for 2 hosts; give one for each, or one for all");
    EXPECT_EQ(given.refusal("host=a,b hostaddr=1.2.3.4"),
              "the connection option hostaddr has 1 addresses, but host has 2 names; each needs one");
}

TEST(Hosts, are_sockets_if_they_are_directories) {
    const Host directory = Given().resolve("host=/run/pg port=7").hosts[0];
    EXPECT_TRUE(directory.is_unix());
    EXPECT_EQ(directory.socket_path(), "/run/pg/.s.PGSQL.7");
    EXPECT_TRUE(Given().resolve("host=@abstract").hosts[0].is_unix());
    EXPECT_FALSE(Given().resolve("host=a").hosts[0].is_unix());
    EXPECT_FALSE(Given().resolve("host=/x hostaddr=1.2.3.4").hosts[0].is_unix());
}

TEST(Values, are_checked) {  // asyncpg: test_connect.test_connect_args_validation
    const Given given;
    const auto option = [&](std::string_view dsn) { return given.refusal(dsn).substr(22); };
    EXPECT_EQ(option("sslmode=maybe"),
              "sslmode is \"maybe\", but must be one of disable, allow, prefer, require, verify-ca, verify-full");
    EXPECT_EQ(option("port=0"), "port is \"0\", but must be an integer from 1 to 65535");
    EXPECT_EQ(option("port=65536"), "port is \"65536\", but must be an integer from 1 to 65535");
    EXPECT_EQ(option("port=1x"), "port is \"1x\", but must be an integer from 1 to 65535");
    EXPECT_EQ(option("port=99999999999"), "port is \"99999999999\", but must be an integer from 1 to 65535");
    EXPECT_EQ(option("target_session_attrs=master"),
              "target_session_attrs is \"master\", but must be one of any, read-write, read-only, primary, standby, "
              "prefer-standby");
    EXPECT_EQ(option("load_balance_hosts=yes"), "load_balance_hosts is \"yes\", but must be one of disable, random");
    EXPECT_EQ(option("channel_binding=on"), "channel_binding is \"on\", but must be one of disable, prefer, require");
    EXPECT_EQ(option("gssencmode=on"), "gssencmode is \"on\", but must be one of disable, prefer, require");
    EXPECT_EQ(option("sslnegotiation=x"), "sslnegotiation is \"x\", but must be one of postgres, direct");
    EXPECT_EQ(option("sslsni=yes"), "sslsni is \"yes\", but must be 1 or 0");
    EXPECT_EQ(option("ssl_min_protocol_version=SSLv3"),
              "ssl_min_protocol_version is \"SSLv3\", but must be one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3");
    EXPECT_EQ(option("replication=maybe"), "replication is \"maybe\", but must be true, false or database");
    EXPECT_EQ(option("max_protocol_version=4"), "max_protocol_version is \"4\", but must be one of 3.0, 3.2, latest");
    EXPECT_EQ(option("connect_timeout=soon").substr(0, 25), "connect_timeout is \"soon\"");
    EXPECT_EQ(option("require_auth=scram").substr(0, 23), "require_auth is \"scram\"");
    EXPECT_EQ(option("require_auth=md5,!none").substr(0, 26), "require_auth is \"md5,!none");
    EXPECT_EQ(option("require_auth=md5,md5").substr(0, 24), "require_auth is \"md5,md5");
    EXPECT_EQ(option("require_auth=md5,").substr(0, 22), "require_auth is \"md5,\"");
}

TEST(Values, are_converted) {
    const ConnectionParameters parameters = Given().resolve(
        "sslmode=verify-ca sslsni=0 replication=database keepalives=0 keepalives_idle=5 keepalives_interval=6 "
        "keepalives_count=7 tcp_user_timeout=1500 connect_timeout=' 10 ' require_auth=!password,!md5 krbsrvname=k "
        "ssl_min_protocol_version=tlsv1.3 max_protocol_version=3.2 requirepeer=p");
    EXPECT_EQ(parameters.sslmode, SslMode::verify_ca);
    EXPECT_FALSE(parameters.sslsni);
    EXPECT_EQ(parameters.replication, Replication::logical);
    EXPECT_FALSE(parameters.keepalives.enabled);
    EXPECT_EQ(parameters.keepalives.idle, 5s);
    EXPECT_EQ(parameters.keepalives.interval, 6s);
    EXPECT_EQ(parameters.keepalives.count, 7);
    EXPECT_EQ(parameters.tcp_user_timeout, 1500ms);
    EXPECT_EQ(parameters.connect_timeout, 10s);
    EXPECT_FALSE(parameters.require_auth.allows("md5"));
    EXPECT_TRUE(parameters.require_auth.allows("scram-sha-256"));
    EXPECT_EQ(parameters.ssl_min_protocol_version, "TLSv1.3");
    EXPECT_EQ(parameters.max_protocol_version, "3.2");
}

TEST(ConnectTimeout, is_two_seconds_at_least_or_none) {
    const Given given;
    EXPECT_EQ(given.resolve("connect_timeout=1").connect_timeout, 2s);
    EXPECT_EQ(given.resolve("connect_timeout=2").connect_timeout, 2s);
    EXPECT_EQ(given.resolve("connect_timeout=0").connect_timeout, std::nullopt);
    EXPECT_EQ(given.resolve("connect_timeout=-1").connect_timeout, std::nullopt);
    EXPECT_EQ(given.resolve("connect_timeout=2147483647").connect_timeout, 2147483647s);
}

TEST(Tls, with_the_systems_certificates_checks_everything) {
    const Given given;
    EXPECT_EQ(given.resolve("sslrootcert=system").sslmode, SslMode::verify_full);
    EXPECT_EQ(given.resolve("sslrootcert=system sslmode=verify-full").sslmode, SslMode::verify_full);
    EXPECT_NE(given.refusal("sslrootcert=system sslmode=verify-ca").find("use verify-full"), std::string::npos);
}

TEST(Tls, that_begins_at_once_is_not_optional) {
    const Given given;
    EXPECT_EQ(given.resolve("sslnegotiation=direct sslmode=require").sslnegotiation, SslNegotiation::direct);
    EXPECT_NE(given.refusal("sslnegotiation=direct").find("sslmode \"prefer\" is too weak"), std::string::npos);
    EXPECT_NE(given.refusal("sslnegotiation=direct sslmode=allow").find("use require"), std::string::npos);
    EXPECT_NE(given.refusal("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2").find("is below"),
              std::string::npos);
}

TEST(Startup, has_names_and_settings) {
    using Startup = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(Given().resolve("fallback_application_name=f search_path=x options='-c a=b'").startup,
              (Startup{{"application_name", "f"}, {"options", "-c a=b"}, {"search_path", "x"}}));
    EXPECT_EQ(Given().resolve("fallback_application_name=f application_name=a").startup,
              (Startup{{"application_name", "a"}}));
}

TEST(Resolve, needs_a_user) {
    Given given;
    given.user.clear();
    EXPECT_NE(given.refusal("").find("there is no user"), std::string::npos);
    EXPECT_EQ(given.resolve("user=u").user, "u");
}

}  // namespace
}  // namespace aio::pg::conninfo
