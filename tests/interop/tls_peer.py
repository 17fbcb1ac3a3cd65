#!/usr/bin/python3
"""Python's ssl as the other end, for tests/io/tls/tls_interop_test.cpp. Exit status 0: all is right.

client PORT FOLDER            50 asyncio connections at once; each checks every byte of its echo, and the shutdown
client12 PORT FOLDER          the same with TLS 1.2
starttls PORT FOLDER          a line in the clear, then start_tls
resume PORT FOLDER            a second connection resumes the first one's session
server FOLDER                 an asyncio server on a free port, which it prints; echoes until its standard input ends
"""

import asyncio
import hashlib
import socket
import ssl
import sys


def payload(number):
    return hashlib.sha512(str(number).encode()).digest() * (1 + number * 7919 % 9000)


def client_context(folder):
    return ssl.create_default_context(cafile=f"{folder}/ca.pem")


async def one_client(port, context, number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    data = payload(number)
    step = 1 + number * 104729 % 50000

    async def send():
        for at in range(0, len(data), step):
            writer.write(data[at:at + step])
            await writer.drain()

    _, echoed = await asyncio.gather(send(), reader.readexactly(len(data)))
    assert echoed == data, f"connection {number}"
    writer.close()
    await writer.wait_closed()


async def many_clients(port, context):
    await asyncio.gather(*(one_client(port, context, number) for number in range(50)))


async def start_tls(port, context):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"STARTTLS\n")
    assert await reader.readline() == b"STARTTLS\n"
    if hasattr(writer, "start_tls"):
        await writer.start_tls(context, server_hostname="localhost")
    writer.write(b"encrypted\n")
    assert await reader.readline() == b"encrypted\n"
    writer.close()
    await writer.wait_closed()


def resume(port, context):
    session = None
    for reused in (False, True):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as tls:
                tls.sendall(b"x")
                assert tls.recv(1) == b"x"
                assert tls.session_reused == reused, (tls.session_reused, reused)
                session = tls.session
                tls.unwrap().close()


async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def serve(folder):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{folder}/localhost.pem", f"{folder}/localhost.key")
    context.set_alpn_protocols(["echo"])
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main():
    mode, folder = sys.argv[1], sys.argv[-1]
    if mode == "server":
        return asyncio.run(serve(folder))
    port, context = int(sys.argv[2]), client_context(folder)
    if mode == "client12":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if mode == "resume":
        resume(port, context)
    else:
        asyncio.run(start_tls(port, context) if mode == "starttls" else many_clients(port, context))


if __name__ == "__main__":
    main()
