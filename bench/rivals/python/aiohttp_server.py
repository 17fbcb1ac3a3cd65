"""What aiohttp's servers of the http and ws sections share: SCRIPT asyncio|uvloop PORT. Prints "ready PORT" once it
listens."""

import asyncio
import sys

from aiohttp import web


async def _serve(handler, port):
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", port, flush=True)
    await asyncio.Event().wait()


def main(handler):
    loop_name, port = sys.argv[1:]
    if loop_name == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(_serve(handler, int(port)))
