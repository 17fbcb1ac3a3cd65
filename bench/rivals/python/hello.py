"""aiohttp as a server in the http section: hello.py asyncio|uvloop PORT. Prints "ready PORT" once it listens."""

import asyncio
import sys

from aiohttp import web


async def hello(_request):
    return web.Response(text="Hello, World!")


async def serve(port):
    app = web.Application()
    app.router.add_get("/", hello)
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
