#!/usr/bin/python3
"""Clients of an echo server, for tests/io/stream/interop_test.cpp: echo_client.py MODE PORT. Exit status 0: all is right.

asyncio, uvloop  1,000 connections at once; each sends its own bytes in pieces and checks every byte that comes back
one_byte         one byte at a time, each after the answer to the one before
reset            sends, and resets the connection without reading, 50 times; then checks that the server still serves
never_reads      sends as long as the server takes anything, reads nothing, and hangs up
"""

import asyncio
import hashlib
import socket
import struct
import sys

CONNECTIONS = 1000


def payload(number):
    """Up to some 40 KB that are different for each connection."""
    block = hashlib.sha512(str(number).encode()).digest()
    return block * (1 + number * 7919 % 600)


async def one_client(port, number, everyone):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    everyone.append(number)
    while len(everyone) < CONNECTIONS:
        await asyncio.sleep(0.005)
    data = payload(number)
    step = 1 + number * 104729 % 8000

    async def send():
        for at in range(0, len(data), step):
            writer.write(data[at:at + step])
            await writer.drain()
        writer.write_eof()

    _, echoed = await asyncio.gather(send(), reader.read())
    assert echoed == data, f"connection {number}: {len(echoed)} bytes came back of {len(data)}"
    writer.close()
    await writer.wait_closed()


async def many_clients(port):
    everyone = []
    await asyncio.gather(*(one_client(port, number, everyone) for number in range(CONNECTIONS)))


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def one_byte(port):
    with connect(port) as connection:
        for byte in payload(3)[:300]:
            connection.sendall(bytes([byte]))
            assert connection.recv(1) == bytes([byte])


def reset(port):
    for _ in range(50):
        connection = connect(port)
        connection.sendall(b"x" * 100_000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    one_byte(port)


def never_reads(port):
    with connect(port) as connection:
        connection.settimeout(0.3)
        sent = 0
        try:
            while sent < 200_000_000:
                sent += connection.send(b"x" * 65536)
        except socket.timeout:
            return
        sys.exit(f"the server took {sent} bytes though nobody read its answers")


def main():
    mode, port = sys.argv[1], int(sys.argv[2])
    if mode == "uvloop":
        import uvloop
        uvloop.install()
    if mode in ("asyncio", "uvloop"):
        asyncio.run(many_clients(port))
    else:
        {"one_byte": one_byte, "reset": reset, "never_reads": never_reads}[mode](port)


if __name__ == "__main__":
    main()
