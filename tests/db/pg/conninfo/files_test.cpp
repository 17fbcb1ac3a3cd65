#include "db/pg/conninfo/given.hpp"
#include "db/pg/conninfo/pass_file.hpp"
#include "db/pg/conninfo/service_file.hpp"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace aio::pg::conninfo {
namespace {

constexpr PassFileKey kKey{"localhost", "5432", "db", "me"};

std::optional<std::string> password(std::string_view text, PassFileKey key = kKey) {
    return find_password(text, key);
}

TEST(PassFile, is_searched_for_the_first_line_that_fits) {  // asyncpg: test_connect.test_connect_pgpass_regular
    EXPECT_EQ(password("localhost:5432:db:me:one\n"), "one");
    EXPECT_EQ(password("other:5432:db:me:one\n*:*:*:*:two\nlocalhost:5432:db:me:three"), "two");
    EXPECT_EQ(password("localhost:5432:db:you:one"), std::nullopt);
    EXPECT_EQ(password(""), std::nullopt);
    EXPECT_EQ(password("localhost:5432:db:me"), std::nullopt);
    EXPECT_EQ(password("localhost:5432:db:me:"), "");
    EXPECT_EQ(password("# a comment\n\n#localhost:5432:db:me:one\n*:*:*:me:two\r\n"), "two");
    EXPECT_EQ(password("*:5432:db:me:with: a colon"), "with: a colon");
    EXPECT_EQ(password("local*:5432:db:me:one"), std::nullopt);  // a star is a whole field
}

TEST(PassFile, has_backslashes_before_colons_and_backslashes) {
    EXPECT_EQ(password("\\:\\:1:5432:db:me:a\\:b\\\\c", {"::1", "5432", "db", "me"}), "a:b\\c");
    EXPECT_EQ(password("localhost:5432:d\\\\b:me:one", {"localhost", "5432", "d\\b", "me"}), "one");
    EXPECT_EQ(password("\\*:5432:db:me:one"), std::nullopt);  // the letter
    EXPECT_EQ(password("\\*:5432:db:me:one", {"*", "5432", "db", "me"}), "one");
    EXPECT_EQ(password("localhost:5432:db:me:one\\"), "one\\");
}

TEST(PassFile, is_used_for_each_host_alone) {
    Given given;
    given.add_file("/home/me/.pgpass", "a:1:me:me:one\nb:*:*:*:two\nlocalhost:5432:*:*:local\n");
    const auto passwords = [&](std::string_view dsn) {
        std::string result;
        for (const Host& each : given.resolve(dsn).hosts) result += each.password + ";";
        return result;
    };
    EXPECT_EQ(passwords("postgresql://a:1,b:2,c:3"), "one;two;;");
    EXPECT_EQ(passwords("postgresql://:given@a:1,b:2"), "given;given;");
    EXPECT_EQ(passwords("host=/run/postgresql,/tmp,/other"),
              "local;local;;");  // the default directories are localhost
    EXPECT_EQ(passwords("hostaddr=10.0.0.1 passfile=/elsewhere"), ";");
    given.add_file("/elsewhere", "10.0.0.1:*:*:*:three");
    EXPECT_EQ(passwords("hostaddr=10.0.0.1 passfile=/elsewhere"), "three;");
    given.environment["PGPASSFILE"] = "/elsewhere";
    EXPECT_EQ(passwords("hostaddr=10.0.0.1"), "three;");
    given.environment["PGPASSWORD"] = "four";
    EXPECT_EQ(passwords("hostaddr=10.0.0.1"), "four;");
}

TEST(PassFile, that_others_may_read_is_a_warning) {  // asyncpg: test_connect.test_connect_pgpass_badness_mode
    Given given;
    for (const unsigned mode : {0640, 0604, 0610, 0660, 0777}) {
        given.add_file("/home/me/.pgpass", "*:*:*:*:secret", S_IFREG | mode);
        const ConnectionParameters parameters = given.resolve("host=a");
        EXPECT_EQ(parameters.hosts[0].password, "");
        ASSERT_EQ(parameters.warnings.size(), 1u);
        EXPECT_EQ(parameters.warnings[0],
                  "the password file /home/me/.pgpass is not used: group or others have access to it; run chmod 0600 "
                  "on it");
    }
    given.add_file("/home/me/.pgpass", "",
                   S_IFDIR | 0700);  // asyncpg: test_connect.test_connect_pgpass_badness_non_file
    EXPECT_EQ(given.resolve("host=a").warnings.at(0),
              "the password file /home/me/.pgpass is not used: it is not a plain file");
    given.add_file("/home/me/.pgpass", "*:*:*:*:secret", S_IFREG | 0400);
    EXPECT_EQ(given.resolve("host=a").hosts[0].password, "secret");
}

TEST(
    PassFile,
    may_be_missing) {  // asyncpg: test_connect.test_connect_pgpass_nonexistent, test_connect.test_connection_no_home_dir
    Given given;
    EXPECT_EQ(given.resolve("host=a passfile=/none").warnings, std::vector<std::string>());
    given.home.clear();
    EXPECT_EQ(given.resolve("host=a").hosts[0].password, "");
    EXPECT_EQ(given.resolve("host=a").ssl_directory, "");
}

TEST(ServiceFile, has_sections) {  // asyncpg: test_connect.test_connect_connection_service_file
    constexpr std::string_view kText =
        "# comment\n[one]\nhost=a\n\n  port=1  \r\nhost=ignored\n[two]\nhost=b\n[one]\nuser=late\n";
    EXPECT_EQ(find_service(kText, "one", "f"), (Options{{"host", "a"}, {"port", "1"}}));
    EXPECT_EQ(find_service(kText, "two", "f"), (Options{{"host", "b"}}));
    EXPECT_EQ(find_service(kText, "three", "f"), std::nullopt);
    EXPECT_EQ(find_service(kText, "on", "f"), std::nullopt);
    EXPECT_EQ(find_service("[]\nhost=a", "", "f"), (Options{{"host", "a"}}));
}

TEST(ServiceFile, names_the_line_that_is_wrong) {
    const auto message = [](std::string_view text) {
        try {
            find_service(text, "s", "/f");
        } catch (const ConninfoError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(message("[s]\nhost\n"), "line 2 of the service file /f: it is neither [service] nor name=value");
    EXPECT_EQ(message("[s]\nservice=t"), "line 2 of the service file /f: a service cannot refer to another one");
    EXPECT_EQ(message("[s]\n\nhots=a"),
              "line 3 of the service file /f: there is no connection option hots; did you mean host?");
    EXPECT_EQ(message("[t]\nhost\n[s]\n"), "");  // of another service
}

TEST(ServiceFile, is_looked_for_in_several_places) {
    Given given;
    given.add_file("/home/me/.pg_service.conf", "[s]\nhost=home\ndbname=d\n");
    given.add_file("/etc/postgresql-common/pg_service.conf", "[s]\nhost=system\n[t]\nhost=t\n");
    EXPECT_EQ(given.resolve("service=s").hosts[0].host, "home");
    EXPECT_EQ(given.resolve("service=s").database, "d");
    EXPECT_EQ(given.resolve("service=t").hosts[0].host, "t");
    EXPECT_EQ(given.resolve("postgresql://?service=s").hosts[0].host, "home");
    EXPECT_EQ(given.resolve("service=s host=own").hosts[0].host, "own");  // what is said here comes first
    given.environment = {{"PGSERVICE", "s"}, {"PGHOST", "environment"}};  // and the environment last
    EXPECT_EQ(given.resolve("").hosts[0].host, "home");
    given.environment["PGSERVICEFILE"] = "/f";
    EXPECT_EQ(given.resolve("").hosts[0].host, "system");  // there is no such file
    EXPECT_EQ(given.refusal("service=none"),
              "the service \"none\" is not defined in /f and /etc/postgresql-common/pg_service.conf");
    given.add_file("/f", "[s]\nhost=f");
    EXPECT_EQ(given.resolve("").hosts[0].host, "f");
    given.environment["PGSYSCONFDIR"] = "/sys";
    EXPECT_EQ(given.refusal("service=none"), "the service \"none\" is not defined in /f and /sys/pg_service.conf");
}

TEST(Surroundings, are_those_of_the_process) {
    ::setenv("PGAPPNAME", "conninfo test", 1);
    const Surroundings surroundings = surroundings_of_process();
    ::unsetenv("PGAPPNAME");
    EXPECT_EQ(surroundings.environment.at("PGAPPNAME"), "conninfo test");
    EXPECT_FALSE(surroundings.environment.contains("PATH"));
    const std::string path = ::testing::TempDir() + "aiocpp_conninfo_" + std::to_string(::getpid());
    std::ofstream(path) << "*:*:*:*:x\n";
    ::chmod(path.c_str(), 0600);
    const std::optional<FileText> file = surroundings.read_file(path);
    ::unlink(path.c_str());
    ASSERT_TRUE(file);
    EXPECT_EQ(file->text, "*:*:*:*:x\n");
    EXPECT_EQ(file->mode & 0777, 0600u);
    EXPECT_FALSE(surroundings.read_file(path));
    EXPECT_TRUE(S_ISDIR(surroundings.read_file("/")->mode));
}

// As another user than root, whom no mode keeps out. Of this thread only.
TEST(Surroundings, do_not_have_what_may_not_be_read) {
    // asyncpg: test_connect.test_connect_pgpass_inaccessible_file, test_connect.test_connect_pgpass_inaccessible_directory
    const Surroundings surroundings = surroundings_of_process();
    const std::string folder = ::testing::TempDir() + "aiocpp_shut_" + std::to_string(::getpid());
    const std::string path = folder + "/passwords";
    ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
    std::ofstream(path) << "*:*:*:*:x\n";
    ::chmod(path.c_str(), 0000);
    const bool is_root = ::geteuid() == 0;
    if (is_root) ::setfsuid(65'534);
    const bool has_file = surroundings.read_file(path).has_value();
    if (is_root) ::setfsuid(0);
    ::chmod(path.c_str(), 0644);
    ::chmod(folder.c_str(), 0000);
    if (is_root) ::setfsuid(65'534);
    const bool has_folder = surroundings.read_file(path).has_value();
    if (is_root) ::setfsuid(0);
    ::chmod(folder.c_str(), 0755);
    ::unlink(path.c_str());
    ::rmdir(folder.c_str());
    EXPECT_FALSE(has_file);
    EXPECT_FALSE(has_folder);
}

}  // namespace
}  // namespace aio::pg::conninfo
