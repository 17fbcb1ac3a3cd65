#!/usr/bin/python3
"""A name server that misbehaves on request, for tests/io/names/ares_resolver_test.cpp.

It listens on 127.0.0.1, UDP and TCP, prints its port, and ends when its standard input does. The first label of a
name says what becomes of the question; the rest of the name is only there to make it different:

a, aaaa, both    192.0.2.1 and .2; 2001:db8::1; or all of them
alias            a chain of three CNAMEs to both.test
big              40 addresses: cut short over UDP, whole over TCP
nx, servfail     NXDOMAIN, SERVFAIL
refused, empty   REFUSED; no address, no error
drop             no answer at all
dropfirst        no answer to the first question of each type
slow             after 300 ms
garbage          bytes that are no message
echo             the question itself, and then the right answer
unmarked         an answer that is marked as a question (no QR bit), and nothing else
hangup           cut short over UDP; over TCP the connection is closed
count            127.0.0.N, N: how often the rest of the name was asked for (A records)
"""

import collections
import socket
import socketserver
import struct
import sys
import threading
import time

A, CNAME, PTR, AAAA = 1, 5, 12, 28
asked = collections.Counter()
lock = threading.Lock()


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def record(name, kind, data):
    return encode(name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def addresses(name, kind, v4, v6):
    if kind == A:
        return [record(name, A, socket.inet_aton(address)) for address in v4]
    if kind == AAAA:
        return [record(name, AAAA, socket.inet_pton(socket.AF_INET6, address)) for address in v6]
    return []


def parse(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels).lower(), struct.unpack(">H", message[at + 1:at + 3])[0], message[12:at + 5]


def message(query, question, records=(), code=0, truncated=False, answers=True):
    flags = (0x8180 if answers else 0x0180) | code | (0x0200 if truncated else 0)
    return query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)


def answer(query, tcp):
    """The bytes to send, or None."""
    name, kind, question = parse(query)
    verb, _, rest = name.partition(".")
    with lock:
        asked[name, kind] += 1
        times = asked[name, kind]
        counted = asked[rest, A]
    v4, v6 = ["192.0.2.1", "192.0.2.2"], ["2001:db8::1"]
    if kind == PTR:
        known = name == "1.2.0.192.in-addr.arpa"
        return message(query, question, [record(name, PTR, encode("a.test"))] if known else [], 0 if known else 3)
    if verb == "drop" or verb == "dropfirst" and times == 1:
        return None
    if verb == "garbage":
        return query[:2] + b"\xff" * 20
    if verb == "unmarked":
        return message(query, question, addresses(name, kind, v4, v6), answers=False)
    if verb == "hangup":
        return None if tcp else message(query, question, truncated=True)
    codes = {"nx": 3, "servfail": 2, "refused": 5}
    if verb in codes:
        return message(query, question, code=codes[verb])
    if verb == "big":
        if not tcp:
            return message(query, question, truncated=True)
        return message(query, question, addresses(name, kind, [f"192.0.2.{n}" for n in range(1, 41)], []))
    if verb == "slow":
        time.sleep(0.3)
    if verb == "alias":
        links = [name, "b.test", "c.test", "both.test"]
        records = [record(a, CNAME, encode(b)) for a, b in zip(links, links[1:])]
        return message(query, question, records + addresses("both.test", kind, v4, v6))
    if verb == "count":
        return message(query, question, addresses(name, kind, [f"127.0.0.{counted}"], []))
    if verb == "empty":
        v4 = v6 = []
    elif verb == "a":
        v6 = []
    elif verb == "aaaa":
        v4 = []
    return message(query, question, addresses(name, kind, v4, v6))


class Datagrams(socketserver.BaseRequestHandler):
    def handle(self):
        query, server = self.request
        reply = answer(query, False)
        if parse(query)[0].startswith("echo."):
            server.sendto(query, self.client_address)
        if reply:
            server.sendto(reply, self.client_address)


class Connections(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            size = self.rfile.read(2)
            if len(size) < 2:
                return
            query = self.rfile.read(struct.unpack(">H", size)[0])
            reply = answer(query, True)
            if not reply:
                return
            if parse(query)[0].startswith("echo."):
                reply = query
            self.wfile.write(struct.pack(">H", len(reply)) + reply)


class UDPServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class TCPServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main():
    while True:
        udp = UDPServer(("127.0.0.1", 0), Datagrams)
        try:
            tcp = TCPServer(udp.server_address, Connections)
            break
        except OSError:
            udp.server_close()  # the port is somebody else's over TCP
    for server in (udp, tcp):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(udp.server_address[1], flush=True)
    sys.stdin.read()


main()
