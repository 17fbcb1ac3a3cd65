// How a child is started: program, environment, directory, descriptors, signals, rights; and what can go wrong.
#include "io/few_descriptors.hpp"
#include "io/process/processes.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace aio::test {
namespace {

// A folder of its own, gone at the end.
struct Folder {
    Folder() : path(fresh_socket_path() + ".d") { std::filesystem::create_directory(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    std::string script(const std::string& name, const std::string& text, mode_t mode = 0700) const {
        const std::string file = path + "/" + name;
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }
    std::string path;
};

// --- the program -------------------------------------------------------------------------------------------

ASYNC_TEST(SubprocessStart, arguments_are_strings_views_and_paths) {
    // CPython: test_subprocess.test_create_subprocess_exec_with_path
    const std::string_view view = "b c";
    const std::filesystem::path path = "/d";
    EXPECT_EQ(co_await output_of(create_subprocess_exec("printf", "<%s>", std::string("a"), view, path, "")),
              "<a><b c></d><>");
    std::vector<std::string> all = {"printf", "%s", "from a list"};
    EXPECT_EQ(co_await output_of(create_subprocess_exec(all)), "from a list");
}

ASYNC_TEST(SubprocessStart, is_looked_for_along_the_path_of_its_environment) {
    const auto& folder = keep<Folder>();
    folder.script("greet", "#!/bin/sh\necho hello $WHOM\n");
    EXPECT_EQ(co_await output_of(create_subprocess_exec("greet")
                                     .setenv("PATH", "/nonexistent:" + folder.path + ":/usr/bin")
                                     .setenv("WHOM", "world")),
              "hello world");
    co_await expect_throws<FileNotFoundError>(create_subprocess_exec("greet"));
}

ASYNC_TEST(SubprocessStart, a_relative_program_counts_from_its_directory) {
    const auto& folder = keep<Folder>();
    folder.script("here", "#!/bin/sh\npwd\n");
    EXPECT_EQ(co_await output_of(create_subprocess_exec("./here").cwd(folder.path)), folder.path);
}

ASYNC_TEST(SubprocessStart, may_run_another_file_than_it_is_told) {
    EXPECT_EQ(co_await output_of(create_subprocess_exec("a name", "-c", "echo $0").executable("/bin/sh")), "a name");
    EXPECT_EQ(co_await output_of(create_subprocess_shell("echo $0").executable("/bin/bash")), "/bin/sh");
}

ASYNC_TEST(SubprocessStart, that_fails_names_the_program) {
    EXPECT_EQ(
        co_await expect_throws<FileNotFoundError>(create_subprocess_exec("no-such-program", "-x")),
        "start the program 'no-such-program' (it is in no directory of PATH): No such file or directory (errno 2)");
    EXPECT_EQ(co_await expect_throws<FileNotFoundError>(create_subprocess_exec("/no/such/program")),
              "start the program '/no/such/program': No such file or directory (errno 2)");
    EXPECT_EQ(co_await expect_throws<PermissionError>(create_subprocess_exec("/etc/passwd")),
              "start the program '/etc/passwd': Permission denied (errno 13)");
    EXPECT_EQ(co_await expect_throws<NotADirectoryError>(create_subprocess_exec("/etc/passwd/x")),
              "start the program '/etc/passwd/x': Not a directory (errno 20)");
    co_await expect_throws<FileNotFoundError>(create_subprocess_exec(""));
    EXPECT_FALSE(has_children());
}

ASYNC_TEST(SubprocessStart, a_file_in_the_path_without_permission_is_told) {
    const auto& folder = keep<Folder>();
    folder.script("secret", "#!/bin/sh\n", 0600);
    co_await expect_throws<PermissionError>(
        create_subprocess_exec("secret").setenv("PATH", folder.path + ":/nonexistent"));
}

ASYNC_TEST(SubprocessStart, a_missing_interpreter_is_hinted_at) {
    const auto& folder = keep<Folder>();
    const std::string script = folder.script("script", "#!/no/such/interpreter\n");
    EXPECT_THAT(co_await expect_throws<FileNotFoundError>(create_subprocess_exec(script)),
                testing::HasSubstr("(the interpreter in its #! line may be missing)"));
    const std::string text = folder.script("text", "no interpreter named\n");
    EXPECT_THAT(co_await expect_throws<OSError>(create_subprocess_exec(text)),
                testing::HasSubstr("Exec format error"));
}

ASYNC_TEST(SubprocessStart, a_missing_directory_is_named) {
    EXPECT_EQ(
        co_await expect_throws<FileNotFoundError>(create_subprocess_exec("true").cwd("/no/such/folder")),
        "change to the directory '/no/such/folder' for the program 'true': No such file or directory (errno 2)");
    co_await expect_throws<NotADirectoryError>(create_subprocess_exec("true").cwd("/etc/passwd"));
    EXPECT_EQ(co_await output_of(create_subprocess_exec("pwd").cwd("/usr")), "/usr");
}

ASYNC_TEST(SubprocessStart, nul_bytes_and_nothing_are_refused) {
    const std::string nul("a\0b", 3);
    EXPECT_EQ(co_await expect_throws<ValueError>(create_subprocess_exec("echo", nul)),
              "create_subprocess: embedded null byte in the argument 'a...'");
    co_await expect_throws<ValueError>(create_subprocess_exec("echo").cwd(nul));
    co_await expect_throws<ValueError>(create_subprocess_exec("echo").setenv("x", nul));
    EXPECT_THROW(static_cast<void>(create_subprocess_exec(std::vector<std::string>())), ValueError);
    EXPECT_THROW(static_cast<void>(create_subprocess_exec("x").stdin_(STDOUT)), ValueError);
    EXPECT_THROW(static_cast<void>(create_subprocess_exec("x").stdout_(-4)), ValueError);
    EXPECT_THROW(static_cast<void>(create_subprocess_exec("x").setenv("a=b", "")), ValueError);
    EXPECT_THROW(static_cast<void>(create_subprocess_exec("x").pass_fds(std::vector<int>(1, -1))), ValueError);
}

// --- its environment ---------------------------------------------------------------------------------------

ASYNC_TEST(SubprocessStart, environment_is_inherited_changed_or_replaced) {
    // CPython: test_subprocess.test_create_subprocess_env_shell, test_subprocess.test_create_subprocess_env_exec
    ::setenv("AIO_TEST_INHERITED", "yes", 1);
    const std::string script = "echo $AIO_TEST_INHERITED $FOO $BAR";
    EXPECT_EQ(co_await shell_says(script), "yes");
    EXPECT_EQ(co_await output_of(create_subprocess_shell(script).setenv("FOO", "1").setenv("BAR", "a=b")),
              "yes 1 a=b");
    EXPECT_EQ(co_await output_of(create_subprocess_shell(script).setenv("FOO", "1").setenv("FOO", "2")), "yes 2");
    EXPECT_EQ(co_await output_of(create_subprocess_shell(script).unsetenv("AIO_TEST_INHERITED")), "");
    const std::vector<std::pair<std::string, std::string>> only = {{"FOO", "alone"}};
    EXPECT_EQ(co_await output_of(create_subprocess_shell(script).env(only)), "alone");
    ::unsetenv("AIO_TEST_INHERITED");
}

ASYNC_TEST(SubprocessStart, environment_may_be_large) {
    const std::string large(100'000, 'x');
    CreateSubprocess command = create_subprocess_shell("echo ${#V1} ${#V9}");
    for (int i = 0; i < 10; ++i) command.setenv("V" + std::to_string(i), large);
    EXPECT_EQ(co_await output_of(command), "100000 100000");
    const std::string too_large(3'000'000, 'x');  // of one string the kernel takes 128 KiB
    EXPECT_THAT(co_await expect_throws<OSError>(create_subprocess_exec("true", too_large)),
                testing::HasSubstr("Argument list too long"));
}

// --- its descriptors ---------------------------------------------------------------------------------------

ASYNC_TEST(SubprocessStart, has_no_descriptors_but_its_own) {
    auto& inheritable = keep<Pipe>();
    for (const int fd : inheritable.fd) ::fcntl(fd, F_SETFD, 0);
    // The folder itself is the fourth.
    EXPECT_EQ(co_await output_of(create_subprocess_shell("cd /proc/self/fd && echo *")), "0 1 2 3");
    const std::string all =
        co_await output_of(create_subprocess_shell("cd /proc/self/fd && echo *").close_fds(false));
    EXPECT_THAT(all, testing::HasSubstr(std::to_string(inheritable.fd[0]))) << "close_fds(false) leaves it";
}

ASYNC_TEST(SubprocessStart, passed_descriptors_keep_their_numbers) {
    auto& pipe = keep<Pipe>();
    auto& other = keep<Pipe>();
    std::vector<int> passed = {pipe.fd[1], other.fd[0]};
    const std::string to = std::to_string(pipe.fd[1]);
    Process shell = co_await create_subprocess_shell("echo through >&" + to + "; cd /proc/self/fd; echo *")
                        .stdout_(PIPE)
                        .pass_fds(passed);
    auto [out, err] = co_await shell.communicate();
    EXPECT_EQ(read_now(pipe.fd[0]), "through\n");
    EXPECT_EQ(std::count(out.begin(), out.end(), ' '), 5) << out << "0 1 2, two more, and the folder";
    EXPECT_NE(::fcntl(pipe.fd[1], F_GETFD) & FD_CLOEXEC, 0) << "here it is still closed on exec";
}

ASYNC_TEST(SubprocessStart, a_bad_descriptor_is_named) {
    EXPECT_EQ(co_await expect_throws<OSError>(create_subprocess_exec("true").pass_fds(std::vector<int>(1, 987))),
              "pass descriptor 987 for the program 'true': Bad file descriptor (errno 9)");
    EXPECT_EQ(co_await expect_throws<OSError>(create_subprocess_exec("true").stderr_(987)),
              "make a descriptor the standard error for the program 'true': Bad file descriptor (errno 9)");
}

ASYNC_TEST(SubprocessStart, streams_may_be_any_descriptor) {
    auto& in = keep<Pipe>();
    auto& out = keep<Pipe>();
    write_now(in.fd[1], "by hand");
    in.close(1);
    Process cat = co_await create_subprocess_exec("cat").stdin_(in.fd[0]).stdout_(out.fd[1]);
    EXPECT_EQ(co_await cat.wait(), 0);
    EXPECT_EQ(read_now(out.fd[0]), "by hand");
}

ASYNC_TEST(SubprocessStart, streams_may_be_crossed, kOnce) {
    // The child's 1 is our 2 and its 2 our 1: each must be moved before it is overwritten.
    auto& first = keep<Pipe>();
    auto& second = keep<Pipe>();
    const int saved[] = {::dup(1), ::dup(2)};
    ::dup2(first.fd[1], 1);
    ::dup2(second.fd[1], 2);
    Process shell = co_await create_subprocess_shell("echo out; echo err >&2").stdout_(2).stderr_(1);
    ::dup2(saved[0], 1);
    ::dup2(saved[1], 2);
    ::close(saved[0]);
    ::close(saved[1]);
    EXPECT_EQ(co_await shell.wait(), 0);
    EXPECT_EQ(read_now(first.fd[0]), "err\n");
    EXPECT_EQ(read_now(second.fd[0]), "out\n");
}

ASYNC_TEST(SubprocessStart, error_may_go_where_output_goes) {
    Process shell = co_await create_subprocess_shell("echo out; echo err >&2").stdout_(PIPE).stderr_(STDOUT);
    auto [out, err] = co_await shell.communicate();
    EXPECT_EQ(out, "out\nerr\n");
    EXPECT_EQ(err, "");
    EXPECT_THROW(shell.stderr_(), RuntimeError);
}

ASYNC_TEST(SubprocessStart, pipes_of_the_child_block) {
    // A program does not expect EAGAIN: 00 of its flags means that O_NONBLOCK (04000) is not set.
    const char* script = "grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2";
    Process shell = co_await create_subprocess_shell(script).stdin_(PIPE).stdout_(PIPE).stderr_(PIPE);
    auto [out, err] = co_await shell.communicate();
    EXPECT_THAT(out, testing::Not(testing::ContainsRegex("flags:\t0[0-9]*4[0-9][0-9][0-9]\n"))) << out;
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3) << out;
}

ASYNC_TEST(SubprocessStart, without_descriptors_it_fails_and_leaves_nothing, kOnce) {
    for (rlim_t free = 0; free < 6; ++free) {
        const FewDescriptors few(free);
        std::string what;
        try {
            static_cast<void>(co_await create_subprocess_exec("true").stdin_(PIPE).stdout_(PIPE).stderr_(PIPE));
        } catch (const OSError& error) {
            EXPECT_EQ(error.code(), EMFILE);
            what = error.what();
        }
        const char* stream = free < 2 ? "input" : free < 4 ? "output" : "error";
        EXPECT_THAT(what, testing::HasSubstr(std::string("make a pipe for the standard ") + stream + " of 'true'"));
        for (int polls = 0; polls < 3; ++polls) co_await sleep(1ms);  // the pipes that were made are closed
    }
    EXPECT_FALSE(has_children());
    EXPECT_EQ(co_await shell_says("echo fine"), "fine");
}

// --- its signals, groups and rights ------------------------------------------------------------------------

ASYNC_TEST(SubprocessStart, signals_are_as_a_program_expects_them, kOnce) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
    const auto old_hup = ::signal(SIGHUP, SIG_IGN);
    const auto old_usr2 = ::signal(SIGUSR2, [](int) {});
    const CreateSubprocess look = create_subprocess_exec("grep", "-E", "SigBlk|SigIgn", "/proc/self/status");
    const std::string restored = co_await output_of(look);
    const std::string kept = co_await output_of(CreateSubprocess(look).restore_signals(false));
    ::signal(SIGPIPE, old_pipe);
    ::signal(SIGHUP, old_hup);
    ::signal(SIGUSR2, old_usr2);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    // SIGHUP is bit 0, SIGUSR1 bit 9, SIGPIPE bit 12. What ignores SIGHUP is nohup, and goes on doing so.
    EXPECT_EQ(restored, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000001");
    EXPECT_EQ(kept, "SigBlk:\t0000000000000200\nSigIgn:\t0000000000001001");
}

ASYNC_TEST(SubprocessStart, may_lead_a_process_group) {
    Process leader = co_await create_subprocess_exec("sleep", "3600").process_group(0);
    EXPECT_EQ(::getpgid(leader.pid()), leader.pid());
    Process member = co_await create_subprocess_exec("sleep", "3600").process_group(leader.pid());
    EXPECT_EQ(::getpgid(member.pid()), leader.pid());
    ::kill(-leader.pid(), SIGKILL);
    EXPECT_EQ(co_await leader.wait(), -SIGKILL);
    EXPECT_EQ(co_await member.wait(), -SIGKILL);
    co_await expect_throws<PermissionError>(create_subprocess_exec("true").process_group(1));
}

ASYNC_TEST(SubprocessStart, may_have_a_umask) {
    EXPECT_EQ(co_await output_of(create_subprocess_shell("umask").umask(027)), "0027");
}

ASYNC_TEST(SubprocessStart, may_have_other_rights) {
    if (::geteuid() != 0) {
        EXPECT_THAT(co_await expect_throws<PermissionError>(create_subprocess_exec("true").user(0)),
                    testing::StartsWith("become the user 0 for the program 'true'"));
        CO_SKIP();
    }
    std::vector<gid_t> groups = {5, 6};
    const std::string ids = co_await output_of(
        create_subprocess_shell("id -u; id -g; id -G").user(65534).group(65533).extra_groups(groups).cwd("/"));
    EXPECT_EQ(ids, "65534\n65533\n65533 5 6");
    EXPECT_EQ(::getuid(), 0u) << "this process is what it was";
}

}  // namespace
}  // namespace aio::test
