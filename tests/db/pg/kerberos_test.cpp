// Authentication by Kerberos, with a key distribution center of the test's own. Needs Debian's krb5-kdc, krb5-admin-server and
// krb5-user.
#include <aio/db/errors.hpp>
#include <aio/pg.hpp>

#include "support/command.hpp"
#include "support/postgres.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace aio::test {
namespace {

// The realm TEST.LOCAL: the user "kerberos", who has a ticket, and the server postgres/localhost. Gone with the process.
class Realm {
public:
    // Whether everything is there, and PostgreSQL has its key.
    bool start() {
        if (!succeeds("command -v krb5kdc && command -v kdb5_util && command -v kadmin.local && command -v kinit")) {
            std::puts("Kerberos: not here (Debian: krb5-kdc krb5-admin-server krb5-user)");
            return false;
        }
        char path[] = "/tmp/aiocpp-krb-XXXXXX";
        if (!::mkdtemp(path)) return false;
        folder_ = path;
        write_settings();
        ::setenv("KRB5_CONFIG", (folder_ + "/krb5.conf").c_str(), 1);
        ::setenv("KRB5_KDC_PROFILE", (folder_ + "/kdc.conf").c_str(), 1);
        use_tickets(folder_ + "/tickets");
        const std::string add = "kadmin.local -r TEST.LOCAL -q ";
        const std::string keytab = folder_ + "/keytab";
        const std::string pid = std::to_string(::getpid());
        const std::string watch = "krb5kdc -n -r TEST.LOCAL & kdc=$!; tail --pid=" + pid +
                                  " -s 0.2 -f /dev/null; kill $kdc; rm -rf " + folder_;
        return succeeds("kdb5_util create -s -r TEST.LOCAL -P master") &&
               succeeds(add + "'addprinc -pw secret kerberos'") &&
               succeeds(add + "'addprinc -randkey postgres/localhost'") &&
               succeeds(add + "'ktadd -k " + keytab + " postgres/localhost'") &&
               succeeds("chmod 755 " + folder_ + " && chmod 644 " + keytab) &&
               std::system(("setsid sh -c '" + watch + "' < /dev/null > /dev/null 2>&1 &").c_str()) == 0 &&
               got_ticket() && postgres().set("krb_server_keyfile", keytab);
    }

    void use_tickets(const std::string& file) const { ::setenv("KRB5CCNAME", ("FILE:" + file).c_str(), 1); }
    const std::string& folder() const noexcept { return folder_; }

private:
    void write_settings() const {
        const std::string place = "127.0.0.1:" + std::to_string(free_port());
        std::ofstream(folder_ + "/krb5.conf")
            << "[libdefaults]\ndefault_realm = TEST.LOCAL\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
            << "rdns = false\ndns_canonicalize_hostname = false\n[realms]\nTEST.LOCAL = {\n kdc = " << place
            << "\n}\n";
        std::ofstream(folder_ + "/kdc.conf")
            << "[realms]\nTEST.LOCAL = {\n database_name = " << folder_ << "/principal\n key_stash_file = " << folder_
            << "/stash\n kdc_listen = " << place << "\n kdc_tcp_listen = " << place << "\n}\n";
    }
    // The center needs a moment to begin.
    static bool got_ticket() {
        for (int tries = 0; tries < 200; ++tries) {
            if (succeeds("echo secret | kinit kerberos")) return true;
            ::usleep(25'000);
        }
        return false;
    }

    std::string folder_;
};

// Null: there is none.
const Realm* find_realm() {
    static Realm realm;
    static const bool is_there = realm.start();
    return is_there ? &realm : nullptr;
}

std::string kerberos_dsn(const std::string& more = "") {
    return postgres().tcp_dsn("host=localhost hostaddr=127.0.0.1 user=kerberos " + more);
}

#define SKIP_WITHOUT_KERBEROS() \
    SKIP_WITHOUT_POSTGRES();    \
    if (!find_realm()) CO_SKIP()

ASYNC_TEST(PgKerberos, a_ticket_is_proof, kOnce) {
    SKIP_WITHOUT_KERBEROS();
    for (const char* more : {"", "require_auth=gss", "gssdelegation=1", "sslmode=require"}) {
        const auto connection = co_await pg::connect(kerberos_dsn(more));
        EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT current_user::text"), "kerberos") << more;
        EXPECT_EQ(co_await connection.fetchval<bool>("SELECT gss_authenticated FROM pg_stat_gssapi WHERE pid = "
                                                     "pg_backend_pid()"),
                  true);
        co_await connection.close();
    }
}

ASYNC_TEST(PgKerberos, require_auth_refuses_it, kOnce) {
    SKIP_WITHOUT_KERBEROS();
    const std::string dsn = kerberos_dsn("require_auth=scram-sha-256");
    const auto error = co_await expect_throws<db::InterfaceError>(pg::connect(dsn));
    EXPECT_THAT(error, testing::HasSubstr("\"gss\", which require_auth does not allow"));
}

ASYNC_TEST(PgKerberos, errors_say_what_the_library_says, kOnce) {
    SKIP_WITHOUT_KERBEROS();
    const std::string stranger = kerberos_dsn("krbsrvname=stranger");
    EXPECT_THAT(co_await expect_throws<db::InterfaceError>(pg::connect(stranger)),
                testing::HasSubstr("Server stranger/localhost@TEST.LOCAL not found in Kerberos database"));
    find_realm()->use_tickets(find_realm()->folder() + "/none");
    const std::string dsn = kerberos_dsn();
    const auto error = co_await expect_throws<db::InterfaceError>(pg::connect(dsn));
    find_realm()->use_tickets(find_realm()->folder() + "/tickets");
    EXPECT_THAT(error,
                testing::AllOf(testing::HasSubstr("No Kerberos credentials available"), testing::HasSubstr("kinit")));
}

ASYNC_TEST(PgKerberos, can_be_cancelled_at_each_step, kOnce) {
    SKIP_WITHOUT_KERBEROS();
    const std::string dsn = kerberos_dsn();
    bool connected = false;
    for (int passes = 0; !connected; passes += 1 + passes / 4) {
        auto task = create_task(pg::connect(dsn));
        for (int i = 0; i < passes && !task.done(); ++i) co_await sleep(std::chrono::microseconds(100));
        connected = task.done();
        if (connected) {
            co_await (co_await task).close();
        } else {
            task.cancel();
            co_await expect_throws<CancelledError>(task);
        }
    }
}

}  // namespace
}  // namespace aio::test
