"""aiohttp as a server in the http section: hello.py asyncio|uvloop PORT."""

import aiohttp_server
from aiohttp import web


async def hello(_request):
    return web.Response(text="Hello, World!")


if __name__ == "__main__":
    aiohttp_server.main(hello)
