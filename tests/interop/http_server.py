"""A server of Python's aiohttp, for tests of the client. Prints its port, and serves until its input ends."""
import asyncio
import hashlib
import sys

from aiohttp import web


def text(request):
    return web.Response(text="hello from aiohttp", headers={"X-Method": request.method})


async def echo(request):
    return web.Response(body=await request.read(), content_type=request.content_type)


async def form(request):
    fields = await request.post()
    return web.json_response({name: value if isinstance(value, str) else [value.filename, len(value.file.read())]
                              for name, value in fields.items()})


async def chunks(request):
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for i in range(100):
        await response.write(b"%d," % i)
    await response.write_eof()
    return response


async def packed(request):
    response = web.Response(text="z" * 100_000)
    response.enable_compression()
    return response


async def login(request):
    response = web.HTTPFound("/whoami")
    response.set_cookie("user", "zoe")
    return response


def whoami(request):
    return web.Response(text=request.cookies.get("user", "nobody"))


def digest(request):
    """RFC 7616 with qop=auth, computed by somebody else."""
    header = request.headers.get("Authorization", "")
    fields = dict(part.strip().split("=", 1) for part in header[7:].split(",")) if header else {}
    fields = {name: value.strip('"') for name, value in fields.items()}
    name = request.query.get("algorithm", "MD5")

    def h(data):
        return {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[name](data.encode()).hexdigest()

    if fields:
        expected = h(":".join([h("user:realm:pass"), fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"],
                               h(request.method + ":" + fields["uri"])]))
        if fields["response"] == expected and fields["uri"] == request.raw_path:
            return web.Response(text="welcome")
    challenge = f'Digest realm="realm", nonce="abc", qop="auth", algorithm={name}'
    return web.Response(status=401, headers={"WWW-Authenticate": challenge})


async def main():
    app = web.Application(client_max_size=64 * 1024 * 1024)
    for path, handler in (("/text", text), ("/chunks", chunks), ("/packed", packed), ("/login", login),
                          ("/whoami", whoami), ("/digest", digest), ("/echo", echo), ("/form", form)):
        async def respond(request, handler=handler):
            result = handler(request)
            return await result if asyncio.iscoroutine(result) else result
        app.router.add_route("*", path, respond)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
