"""The websockets library as a server in the websocket section: websockets_echo.py asyncio|uvloop PORT. Prints "ready PORT"."""

import asyncio
import sys

import websockets


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def serve(port):
    async with websockets.serve(echo, "127.0.0.1", port, backlog=1024, compression=None):
        print("ready", port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(serve(int(sys.argv[2])))
