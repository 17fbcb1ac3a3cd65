"""aiohttp as a WebSocket server in the ws section: ws.py asyncio|uvloop PORT."""

import aiohttp_server
from aiohttp import WSMsgType, web


async def echo(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        if message.type == WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


if __name__ == "__main__":
    aiohttp_server.main(echo)
