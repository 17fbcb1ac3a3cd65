// Other people's clients against our server. Each test is skipped where its program is missing.
#include <aio/http.hpp>
#include <aio/subprocess.hpp>

#include "support/async_test.hpp"
#include "support/command.hpp"

#include <nlohmann/json.hpp>

namespace aio::test {
namespace {

using http::Application, http::Request, http::Response, http::StreamResponse, http::TestServer;

Coro<Response> hello(Request&) { co_return Response::text("hello"); }

Coro<Response> echo(Request& request) {
    std::string body = co_await request.read();
    co_return Response::bytes(std::move(body));
}

Coro<Response> total(Request& request) {
    const nlohmann::json numbers = co_await request.json();
    double sum = 0;
    for (const double n : numbers) sum += n;
    co_return Response::json({{"total", sum}});
}

Coro<Response> form(Request& request) {
    const http::PostData* post = co_await request.post();
    std::string text(post->get("a", "?"));
    if (const http::UploadedFile* file = post->file("f")) text += " " + std::to_string(file->size());
    co_return Response::text(text);
}

Coro<Response> stream(Request& request) {
    StreamResponse response;
    response.enable_compression();
    co_await response.prepare(request);
    for (int i = 0; i < 1000; ++i) co_await response.write("line " + std::to_string(i) + "\n");
    co_return response;
}

// A page whose script asks the server in a browser's ways, and shows what became of it.
constexpr const char* kPage = R"HTML(<!doctype html><title>test</title><p id="out">waiting</p><script>
(async () => {
  const total = await (await fetch('/total', {method: 'POST', body: '[1, 2]'})).json();
  const lines = (await (await fetch('/stream')).text()).trim().split('\n').length;
  const form = new FormData();
  form.append('a', 'b');
  form.append('f', new Blob([new Uint8Array(100000)]), 'f.bin');
  const posted = await (await fetch('/form', {method: 'POST', body: form})).text();
  const old = await (await fetch('/old')).text();
  const many = await Promise.all([...Array(50)].map(() => fetch('/').then(r => r.text())));
  const same = many.every(t => t === 'hello');
  return [total.total, lines, posted, old, same].join('; ');
})().then(text => out.textContent = 'done: ' + text, error => out.textContent = 'failed: ' + error);
</script>)HTML";

// Runs `script`, where $URL is the server's; its exit status.
Coro<int> with_server(std::string script) {
    Application app;
    app.router().add_get("/", hello);
    app.router().add_post("/echo", echo);
    app.router().add_put("/echo", echo);
    app.router().add_post("/total", total);
    app.router().add_post("/form", form);
    app.router().add_get("/stream", stream);
    app.router().add_get("/page", [](Request&) { return Response::html(kPage); });
    app.router().add_get("/old", [](Request&) -> Coro<Response> {
        throw http::HTTPFound("/");
        co_return Response();
    });
    TestServer server(app);
    co_await server.start();
    std::string command = "URL=" + server.make_url("/") + "; export URL; " + script;
    Process process = co_await create_subprocess_shell(std::move(command));
    const int status = co_await process.wait();
    co_await server.close();
    co_return status;
}

constexpr const char* kCurl = R"SH(set -e
file="${TMPDIR:-/tmp}/aiocpp-interop.$$"
trap 'rm -f "$file"' EXIT
head -c 300000 /dev/zero > "$file"
test "$(curl -s "$URL")" = hello
test "$(curl -sL "${URL}old")" = hello
curl -sI "$URL" | grep -q 'Content-Length: 5'
test "$(curl -s -d '[1,2,3.5]' "${URL}total")" = '{"total":6.5}'
test "$(curl -s -T "$file" "${URL}echo" | wc -c)" = 300000
test "$(curl -s -H 'Transfer-Encoding: chunked' -T - "${URL}echo" < "$file" | wc -c)" = 300000
test "$(curl -s -F a=b -F "f=@$file" "${URL}form")" = 'b 300000'
test "$(curl -s --compressed "${URL}stream" | tail -1)" = 'line 999'
test "$(curl -s -H 'Expect: 100-continue' -d abc "${URL}echo")" = abc
curl -s "$URL" "$URL" -o /dev/null -o /dev/null -w '%{num_connects}' | grep -q 10
)SH";

ASYNC_TEST(HttpInterop, serves_curl, kOnce) {
    SKIP_WITHOUT("curl");
    const int status = co_await with_server(kCurl);
    EXPECT_EQ(status, 0);
}

ASYNC_TEST(HttpInterop, serves_python_urllib, kOnce) {
    SKIP_WITHOUT("python3");
    const int status = co_await with_server(R"(python3 - <<'END'
import json, os, urllib.request
url = os.environ["URL"]
assert urllib.request.urlopen(url).read() == b"hello"
assert urllib.request.urlopen(url + "old").read() == b"hello"
assert json.load(urllib.request.urlopen(url + "total", b"[1, 2]")) == {"total": 3.0}
assert len(urllib.request.urlopen(url + "stream").read().splitlines()) == 1000
END
)");
    EXPECT_EQ(status, 0);
}

ASYNC_TEST(HttpInterop, serves_python_aiohttp, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import aiohttp'");
    const int status = co_await with_server(R"(/usr/bin/python3 - <<'END'
import aiohttp, asyncio, os
url = os.environ["URL"]
async def main():
    async with aiohttp.ClientSession() as session:
        async def one(i):
            async with session.get(url) as response:
                assert await response.text() == "hello"
        await asyncio.gather(*[one(i) for i in range(200)])
        async with session.post(url + "total", json=[1, 2]) as response:
            assert await response.json() == {"total": 3.0}
        data = aiohttp.FormData()
        data.add_field("a", "b")
        data.add_field("f", b"x" * 100000, filename="f.bin")
        async with session.post(url + "form", data=data) as response:
            assert await response.text() == "b 100000"
        async with session.get(url + "stream") as response:
            assert len((await response.text()).splitlines()) == 1000
        async def pieces():
            for i in range(10):
                yield b"y" * 10000
        async with session.post(url + "echo", data=pieces()) as response:
            assert len(await response.read()) == 100000
asyncio.run(main())
END
)");
    EXPECT_EQ(status, 0);
}

ASYNC_TEST(HttpInterop, serves_node, kOnce) {
    SKIP_WITHOUT("node");
    const int status = co_await with_server(R"(node - <<'END'
const url = process.env.URL;
(async () => {
  const texts = await Promise.all([...Array(100)].map(() => fetch(url).then(r => r.text())));
  if (texts.some(t => t !== 'hello')) throw new Error('hello');
  const answer = await fetch(url + 'total', {method: 'POST', body: '[1,2]'});
  if ((await answer.json()).total !== 3) throw new Error('total');
  const lines = await (await fetch(url + 'stream')).text();
  if (lines.trim().split('\n').length !== 1000) throw new Error('stream');
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
END
)");
    EXPECT_EQ(status, 0);
}

ASYNC_TEST(HttpInterop, serves_python_httpx, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import httpx'");
    const int status = co_await with_server(R"(/usr/bin/python3 - <<'END'
import asyncio, httpx, os
url = os.environ["URL"]
with httpx.Client(base_url=url, follow_redirects=True) as client:
    assert client.get("/").text == "hello"
    assert client.get("/old").text == "hello"
    assert client.head("/").headers["content-length"] == "5"
    assert client.post("/total", json=[1, 2]).json() == {"total": 3.0}
    assert client.post("/form", data={"a": "b"}, files={"f": ("f.bin", b"x" * 100_000)}).text == "b 100000"
    assert client.post("/echo", content=(b"y" * 10_000 for _ in range(10))).content == b"y" * 100_000
    with client.stream("GET", "/stream") as response:
        assert len(list(response.iter_lines())) == 1000
async def main():
    async with httpx.AsyncClient(base_url=url) as client:
        answers = await asyncio.gather(*[client.get("/") for _ in range(200)])
        assert all(answer.text == "hello" for answer in answers)
asyncio.run(main())
END
)");
    EXPECT_EQ(status, 0);
}

ASYNC_TEST(HttpInterop, serves_chromium, kOnce) {
    SKIP_UNLESS("command -v chromium-headless-shell || command -v chromium");
    const int status = co_await with_server(R"SH(set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
browser=$(command -v chromium-headless-shell || command -v chromium)
HOME="$folder" "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$folder" \
    --virtual-time-budget=30000 --dump-dom "${URL}page" > "$folder/page" 2> "$folder/log" || cat "$folder/log"
grep -q 'done: 3; 1000; b 100000; hello; true' "$folder/page" || { cat "$folder/page"; exit 1; }
)SH");
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace aio::test
