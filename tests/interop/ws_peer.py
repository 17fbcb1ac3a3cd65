"""WebSockets of Python's aiohttp. `server`: prints its port, echoes until its input ends. `client URL`: talks to a server
that echoes; exits with 0 when all was right."""
import asyncio
import sys

import aiohttp
from aiohttp import WSMsgType, web

SIZES = [0, 1, 125, 126, 65535, 65536, 500_000]


async def echo(request):
    ws = web.WebSocketResponse(protocols=("chat",), compress=request.query.get("compress") == "1")
    await ws.prepare(request)
    async for message in ws:
        if message.type == WSMsgType.TEXT:
            if message.data == "close":
                await ws.close(code=4000, message=b"as you wish")
            else:
                await ws.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


async def serve():
    app = web.Application()
    app.router.add_get("/ws", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


async def talk(url):
    async with aiohttp.ClientSession() as session:
        for compress in (0, 9, 15):
            async with session.ws_connect(url, compress=compress, protocols=("chat",), heartbeat=5) as ws:
                assert ws.protocol == "chat", ws.protocol
                assert bool(ws.compress) == bool(compress), (ws.compress, compress)
                for size in SIZES:
                    text = "é" * (size // 2) + "x" * (size % 2)
                    await ws.send_str(text)
                    assert await ws.receive_str() == text
                    data = bytes(range(256)) * (size // 256)
                    await ws.send_bytes(data)
                    assert await ws.receive_bytes() == data
                await ws.ping(b"ping")
                await ws.close(code=4000, message=b"bye")
                assert ws.close_code == 4000, ws.close_code


if sys.argv[1] == "server":
    asyncio.run(serve())
else:
    asyncio.run(talk(sys.argv[2]))
