// TLS with other people's peers: openssl, Python, curl, nginx. Each test is skipped where its program is missing.
#include <aio/core/task.hpp>

#include "core/loop_state.hpp"
#include "support/command.hpp"
#include "support/tls_peers.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace aio::test {
namespace {

using testing::HasSubstr;

std::string python_script() { return "/usr/bin/python3 " + interop_script("tls_peer.py") + " "; }

std::string contents(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// What `path` holds once that is more than nothing.
Coro<std::string> appearing(std::string path) {
    std::string text;
    for (int i = 0; i < 2000 && text.empty(); ++i) {
        co_await aio::sleep(10ms);
        text = contents(path);
    }
    co_return text;
}

// Connects as soon as something listens there.
Coro<StreamPair> connect_soon(int port, ssl::SSLContext context) {
    for (int tries = 0;; ++tries) {
        std::exception_ptr failed;
        try {
            co_return co_await open_connection("127.0.0.1", port, over_tls(context));
        } catch (const ConnectionRefusedError&) {
            failed = std::current_exception();
        }
        if (tries == 500) std::rethrow_exception(failed);
        co_await aio::sleep(20ms);
    }
}

Coro<> serve_python(std::string mode) {
    Server server = co_await tls_echo_server(server_context());
    const std::string command =
        "exec " + python_script() + mode + " " + std::to_string(server.port()) + " " + pki().folder;
    EXPECT_EQ(co_await run_command(command), 0) << mode;
    co_await stop(server);
}

ASYNC_TEST(TlsInterop, serves_asyncio_clients, kOnce) {
    SKIP_WITHOUT("/usr/bin/python3");
    co_await serve_python("client");
    co_await serve_python("client12");
}

ASYNC_TEST(TlsInterop, a_python_client_resumes_its_session, kOnce) {
    SKIP_WITHOUT("/usr/bin/python3");
    co_await serve_python("resume");
}

ASYNC_TEST(TlsInterop, an_asyncio_server_echoes, kOnce) {
    SKIP_WITHOUT("/usr/bin/python3");
    const std::string port_file = pki().path("python.port");
    Command python("sleep 60 | " + python_script() + "server " + pki().folder + " >" + port_file);
    const int port = std::stoi(co_await appearing(port_file));
    const ssl::SSLContext context = client_context();
    context.set_alpn_protocols({"echo"});
    auto [reader, writer] = co_await open_connection("127.0.0.1", port, over_tls(context));
    EXPECT_EQ(writer.ssl_object().selected_alpn_protocol(), "echo");
    const std::string data(3'000'000, 'y');
    writer.write(data);
    EXPECT_TRUE(co_await reader.readexactly(static_cast<std::ptrdiff_t>(data.size())) == data);
    writer.close();
    co_await writer.wait_closed();
}

Coro<> echo_with_s_server(std::string options, std::string version) {
    const int port = free_port();
    Command openssl("exec openssl s_server -quiet -rev -accept 127.0.0.1:" + std::to_string(port) + " -cert " +
                    pki().pem("localhost") + " -key " + pki().key("localhost") + " " + options + " >/dev/null 2>&1");
    auto [reader, writer] = co_await connect_soon(port, client_context());
    EXPECT_EQ(writer.ssl_object().version(), version);
    writer.write("drawkcab\n");
    EXPECT_EQ(co_await reader.readline(), "backward\n");
    writer.abort();
    co_await writer.wait_closed();
}

ASYNC_TEST(TlsInterop, talks_to_openssl_s_server, kOnce) {
    SKIP_WITHOUT("openssl");
    co_await echo_with_s_server("-tls1_3", "TLSv1.3");
    co_await echo_with_s_server("-tls1_2", "TLSv1.2");
}

// s_client's output, whose input is what `script` prints. The script waits until `seen TEXT` is in the output.
Coro<std::string> s_client(std::string script, std::string options) {
    Server server = co_await tls_echo_server(server_context());
    const std::string output = pki().path("s_client.out");
    const std::string seen =
        "seen() { for _ in $(seq 500); do grep -q \"$1\" " + output + " && return; sleep 0.02; done 2>/dev/null; }; ";
    co_await run_command("rm -f " + output + "; " + seen + "{ " + script +
                         "; } | timeout 20 openssl s_client -connect 127.0.0.1:" + std::to_string(server.port()) +
                         " -CAfile " + pki().pem("ca") + " " + options + " >" + output + " 2>&1");
    co_await stop(server);
    co_return contents(output);
}

ASYNC_TEST(TlsInterop, serves_openssl_s_client, kOnce) {
    SKIP_WITHOUT("openssl");
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        const std::string seen =
            co_await s_client("echo hello; seen ^hello", std::string(version) + " -verify_return_error");
        EXPECT_THAT(seen, HasSubstr("Verification: OK"));
        EXPECT_THAT(seen, HasSubstr("\nhello\n"));
    }
}

ASYNC_TEST(TlsInterop, refuses_renegotiation, kOnce) {
    SKIP_WITHOUT("openssl");
    const std::string seen = co_await s_client("echo first; seen ^first; echo R; seen 'no renegotiation'", "-tls1_2");
    EXPECT_THAT(seen, HasSubstr("\nfirst\n"));
    EXPECT_THAT(seen, HasSubstr("RENEGOTIATING"));
    EXPECT_THAT(seen, HasSubstr("no renegotiation"));
}

ASYNC_TEST(TlsInterop, new_keys_in_the_middle_are_taken, kOnce) {
    SKIP_WITHOUT("openssl");
    const std::string seen =
        co_await s_client("echo first; seen ^first; echo K; seen KEYUPDATE; echo second; seen ^second", "-tls1_3");
    EXPECT_THAT(seen, HasSubstr("KEYUPDATE"));
    EXPECT_THAT(seen, HasSubstr("\nsecond\n"));
}

ASYNC_TEST(TlsInterop, serves_curl, kOnce) {
    SKIP_WITHOUT("curl");
    Server server = co_await start_server(serve_page, "127.0.0.1", 0, {.ssl = server_context()});
    const std::string output = pki().path("curl.out");
    const std::string url = "https://localhost:" + std::to_string(server.port()) + "/";
    const std::string curl =
        "curl -sS --http1.0 --resolve localhost:" + std::to_string(server.port()) + ":127.0.0.1 ";
    EXPECT_EQ(co_await run_command(curl + "--cacert " + pki().pem("ca") + " " + url + " >" + output), 0);
    EXPECT_EQ(contents(output), "Test message");
    EXPECT_EQ(co_await run_command(curl + url + " 2>/dev/null"), 60) << "curl does not trust us without --cacert";
    co_await stop(server);
}

ASYNC_TEST(TlsInterop, fetches_from_nginx, kOnce) {
    SKIP_WITHOUT("/usr/sbin/nginx");
    const int port = free_port();
    const std::string folder = pki().path("nginx");
    std::filesystem::create_directory(folder);
    std::ofstream(folder + "/page.txt") << std::string(2'000'000, 'n');
    std::ofstream(folder + "/nginx.conf")
        << "daemon off; pid " << folder << "/pid; error_log " << folder << "/error.log; events {}\n"
        << "http { access_log off; client_body_temp_path " << folder << "/a; proxy_temp_path " << folder
        << "/b; fastcgi_temp_path " << folder << "/c; uwsgi_temp_path " << folder << "/d; scgi_temp_path " << folder
        << "/e;\nserver { listen 127.0.0.1:" << port << " ssl; root " << folder << "; ssl_certificate "
        << pki().pem("localhost") << "; ssl_certificate_key " << pki().key("localhost") << "; } }\n";
    ::chmod(pki().folder.c_str(), 0755);
    Command nginx("exec /usr/sbin/nginx -p " + folder + " -e " + folder + "/error.log -c " + folder +
                  "/nginx.conf 2>/dev/null");
    auto [reader, writer] = co_await connect_soon(port, client_context());
    writer.write("GET /page.txt HTTP/1.0\r\nHost: localhost\r\n\r\n");
    const std::string page = co_await reader.read();
    EXPECT_THAT(page.substr(0, 15), HasSubstr("200 OK"));
    EXPECT_THAT(page, testing::EndsWith("\r\n\r\n" + std::string(2'000'000, 'n')));
    EXPECT_TRUE(writer.ssl_object().received_close_notify());
    writer.close();
    co_await writer.wait_closed();
    // Plain HTTP where TLS is spoken.
    auto [plain_reader, plain_writer] = co_await open_connection("127.0.0.1", port);
    plain_writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(co_await plain_reader.read(), HasSubstr("plain HTTP request was sent to HTTPS port"));
    plain_writer.close();
    co_await plain_writer.wait_closed();
}

}  // namespace
}  // namespace aio::test
