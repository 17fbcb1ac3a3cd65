#!/usr/bin/python3
"""The other end of one stream, in a process of its own, for tests/io/peer_link.hpp. Exit status 0: all is right.

    stream_peer.py KIND ROLE ACT SIZE [ADDRESS [FOLDER]]

KIND     tcp, unix, tls, nested (TLS inside TLS) or pipe (standard input and output)
ROLE     client, or server, which listens and prints a line with its address
ADDRESS  a port of 127.0.0.1 (a server's: 0), or a path
FOLDER   the certificates
ACT      sink    reads SIZE bytes of the pattern and the end of the stream
         sip     the same in small pieces
         source  sends SIZE bytes of the pattern and ends the stream
         echo    sends back what comes, to the end of the stream
         drip    sends each byte of everything by itself; SIZE bytes of the pattern must come back one by one
         reset   reads one byte, and breaks the connection
         cut     sends SIZE bytes of the pattern, with TLS half a record more, and leaves without a word
         stall   sends SIZE bytes of the pattern, reads nothing, and stays until it is killed
"""

import os
import signal
import socket
import ssl
import struct
import sys

PERIOD = 65521
BLOCK = bytes((i * 7 + i // 251) & 255 for i in range(PERIOD)) * 3


def pattern(start, size):
    at = start % PERIOD
    return BLOCK[at:at + size]


class Socket:
    def __init__(self, connection):
        self.connection = connection
        self.dripping = False

    def send(self, data):
        if self.dripping:
            for byte in data:
                self.connection.sendall(bytes([byte]))
        else:
            self.connection.sendall(data)

    def receive(self, size=65536):
        return self.connection.recv(size)

    def close(self):
        """Ends this direction, reads the other one's end."""
        self.connection.shutdown(socket.SHUT_WR)
        while self.receive():
            pass
        self.connection.close()

    def reset(self):
        # TCP resets by SO_LINGER; AF_UNIX because there is something unread.
        if self.connection.family != socket.AF_UNIX:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def half_a_record(self):
        pass


class Pipes(Socket):
    def __init__(self):
        self.dripping = False

    def send(self, data):
        step = 1 if self.dripping else 65536
        while data:
            data = data[os.write(1, data[:step]):]

    def receive(self, size=65536):
        return os.read(0, size)

    def close(self):
        os.close(1)

    def reset(self):
        pass


class Tls:
    """TLS over anything above."""

    def __init__(self, below, context, server):
        self.below = below
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if server else "localhost"
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=server, server_hostname=name)
        self.call(self.object.do_handshake)

    def call(self, function, *arguments):
        while True:
            try:
                result = function(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.below.receive()
                self.incoming.write(data) if data else self.incoming.write_eof()

    def flush(self):
        if self.outgoing.pending:
            self.below.send(self.outgoing.read())

    def send(self, data):
        for at in range(0, len(data), 16384):
            self.call(self.object.write, data[at:at + 16384])

    def receive(self, size=65536):
        try:
            return self.call(self.object.read, size)
        except ssl.SSLZeroReturnError:
            return b""

    def close(self):
        try:
            self.call(self.object.unwrap)
        except ssl.SSLError as error:
            if error.reason != "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
                raise
        self.below.close()

    def reset(self):
        self.below.reset()

    def half_a_record(self):
        self.object.write(b"never seen" * 100)
        record = self.outgoing.read()
        self.below.send(record[:len(record) // 2])


def listen(kind, address):
    if kind == "unix":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen()
    else:
        listener = socket.create_server(("127.0.0.1", int(address)))
        address = listener.getsockname()[1]
    print(address, flush=True)
    return listener.accept()[0]


def connect(kind, address):
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        return connection
    return socket.create_connection(("127.0.0.1", int(address)))


def make_context(server, folder):
    if not server:
        return ssl.create_default_context(cafile=f"{folder}/ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{folder}/localhost.pem", f"{folder}/localhost.key")
    return context


def open_link(kind, role, act, address, folder):
    if kind == "pipe":
        link = Pipes()
    else:
        link = Socket((listen if role == "server" else connect)(kind, address))
        if kind != "unix":
            link.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.dripping = act == "drip"
    for _ in range({"tls": 1, "nested": 2}.get(kind, 0)):
        link = Tls(link, make_context(role == "server", folder), role == "server")
    return link


def send_pattern(link, size):
    for at in range(0, size, 65536):
        link.send(pattern(at, min(65536, size - at)))


def sink(link, size, piece=65536):
    got = 0
    while data := link.receive(piece):
        assert data == pattern(got, len(data)), f"wrong bytes from {got} on"
        got += len(data)
    assert got == size, f"{got} bytes of {size} came"
    link.close()


def source(link, size):
    send_pattern(link, size)
    link.close()


def echo(link, size):
    while data := link.receive():
        link.send(data)
    link.close()


def drip(link, size):
    for at in range(size):
        link.send(pattern(at, 1))
        assert link.receive() == pattern(at, 1), f"byte {at}"
    link.close()


def reset(link, size):
    assert link.receive(1)
    link.reset()


def cut(link, size):
    send_pattern(link, size)
    link.half_a_record()


def stall(link, size):
    send_pattern(link, size)
    signal.pause()


def main():
    kind, role, act, size, address, folder = (sys.argv[1:] + ["", ""])[:6]
    link = open_link(kind, role, act, address, folder)
    acts = {"sip": lambda link, size: sink(link, size, 1000)}
    acts.update((function.__name__, function) for function in (sink, source, echo, drip, reset, cut, stall))
    acts[act](link, int(size))


if __name__ == "__main__":
    main()
