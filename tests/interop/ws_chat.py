"""WebSockets of Python's libraries, for tests/ws/interop_test.cpp.

ws_chat.py websockets|aiohttp server FOLDER       prints "PORT TLSPORT"; serves until its input ends
ws_chat.py websockets|aiohttp client URL FOLDER   talks to a server, with and without compression; exits with 0 if all is right

A server echoes; "close" closes with 4000, "abort" aborts the connection, "flood" sends 200 messages of 10,000 bytes, and
"fragments" sends "one two", in fragments if the library can.
"""
import asyncio
import contextlib
import ssl
import sys

SIZES = [0, 1, 125, 126, 65535, 65536, 500_000]
FLOOD = [chr(ord("a") + i % 26) * 10_000 for i in range(200)]


def server_tls(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/localhost.pem", f"{folder}/localhost.key")
    return context


class Closed(Exception):
    pass


class WithWebsockets:
    fragments = True

    def __init__(self, ws):
        self.ws = ws

    @staticmethod
    async def serve(handler, tls):
        from websockets import serve
        server = await serve(lambda ws: handler(WithWebsockets(ws)), "127.0.0.1", 0, ssl=tls)
        return server.sockets[0].getsockname()[1]

    @staticmethod
    @contextlib.asynccontextmanager
    async def connect(url, tls, deflate):
        from websockets import connect
        async with connect(url, ssl=tls, compression="deflate" if deflate else None) as ws:
            assert bool(ws.extensions) == deflate, ws.extensions
            yield WithWebsockets(ws)

    async def receive(self):
        from websockets import ConnectionClosed
        try:
            return await self.ws.recv()
        except ConnectionClosed:
            raise Closed(self.ws.close_code) from None

    async def send(self, message):
        await self.ws.send(message)

    async def ping(self):
        await (await self.ws.ping())

    async def close(self):
        await self.ws.close(4000, "as you wish")

    def abort(self):
        self.ws.transport.abort()


class WithAiohttp:
    fragments = False

    def __init__(self, ws, transport):
        self.ws, self.transport = ws, transport

    @staticmethod
    async def serve(handler, tls):
        from aiohttp import web

        async def answer(request):
            ws = web.WebSocketResponse()
            await ws.prepare(request)
            await handler(WithAiohttp(ws, request.transport))
            return ws

        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        return runner.addresses[0][1]

    @staticmethod
    @contextlib.asynccontextmanager
    async def connect(url, tls, deflate):
        from aiohttp import ClientSession
        async with ClientSession() as session:
            async with session.ws_connect(url, ssl=tls, compress=15 if deflate else 0) as ws:
                assert bool(ws.compress) == deflate, ws.compress
                yield WithAiohttp(ws, None)

    async def receive(self):
        from aiohttp import WSMsgType
        message = await self.ws.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise Closed(self.ws.close_code)
        return message.data

    async def send(self, message):
        if isinstance(message, list):
            message = "".join(message)
        await (self.ws.send_str(message) if isinstance(message, str) else self.ws.send_bytes(message))

    async def ping(self):
        await self.ws.ping(b"ping")

    async def close(self):
        await self.ws.close(code=4000, message=b"as you wish")

    def abort(self):
        self.transport.abort()


async def chat(peer):
    with contextlib.suppress(Closed, ConnectionError):
        while True:
            match await peer.receive():
                case "close":
                    await peer.close()
                case "abort":
                    peer.abort()
                case "flood":
                    for text in FLOOD:
                        await peer.send(text)
                case "fragments":
                    await peer.send(["one ", "", "two"])
                case message:
                    await peer.send(message)


async def serve(library, folder):
    print(await library.serve(chat, None), await library.serve(chat, server_tls(folder)), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def expect_closed(peer, code):
    try:
        await peer.receive()
    except Closed as closed:
        assert closed.args[0] == code, closed
    else:
        raise AssertionError("it is open")


async def talk(library, url, folder):
    tls = ssl.create_default_context(cafile=f"{folder}/ca.pem") if url.startswith("wss") else None
    for deflate in (False, True):
        async with library.connect(url, tls, deflate) as peer:
            for size in SIZES:
                for message in ("é" * (size // 2) + "x" * (size % 2), (bytes(range(256)) * (size // 256 + 1))[:size]):
                    await peer.send(message)
                    assert await peer.receive() == message, size
            if library.fragments:
                await peer.send(["é-one ", "", "two"])
                assert await peer.receive() == "é-one two"
            await peer.send("fragments")
            assert await peer.receive() == "one two"
            await peer.ping()
            await peer.send("flood")
            for text in FLOOD:
                await asyncio.sleep(0)
                assert await peer.receive() == text
            await peer.send("close")
            await expect_closed(peer, 4000)
        async with library.connect(url, tls, deflate) as peer:
            await peer.send("abort")
            await expect_closed(peer, 1006)


LIBRARY = {"websockets": WithWebsockets, "aiohttp": WithAiohttp}[sys.argv[1]]
if sys.argv[2] == "server":
    asyncio.run(serve(LIBRARY, sys.argv[3]))
else:
    asyncio.run(talk(LIBRARY, *sys.argv[3:]))
