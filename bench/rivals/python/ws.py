"""aiohttp as a WebSocket server in the ws section: ws.py asyncio|uvloop PORT. Prints "ready PORT" once it listens."""

import asyncio
import sys

from aiohttp import WSMsgType, web


async def echo(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        if message.type == WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


async def serve(port):
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", port, flush=True)
    await asyncio.Event().wait()


def main():
    loop_name, port = sys.argv[1:]
    if loop_name == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(serve(int(port)))


if __name__ == "__main__":
    main()
