"""asyncio and uvloop in the streams section: echo.py asyncio|uvloop streams|protocol PORT.

Prints "ready PORT" once it listens.
"""

import asyncio
import sys


class EchoProtocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def echo_stream(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def serve(style, port):
    if style == "streams":
        server = await asyncio.start_server(echo_stream, "127.0.0.1", port, backlog=1024)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(EchoProtocol, "127.0.0.1", port, backlog=1024)
    print("ready", port, flush=True)
    await server.serve_forever()


def main():
    loop_name, style, port = sys.argv[1:]
    if loop_name == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(serve(style, int(port)))


if __name__ == "__main__":
    main()
