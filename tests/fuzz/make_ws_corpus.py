#!/usr/bin/env python3
"""Adds seeds for websocket_fuzz: a byte of choices (websocket_fuzz.cpp), then frames, plain and compressed in every way."""

import pathlib
import random
import struct
import zlib

import packed

FILE = pathlib.Path(__file__).parent / "corpus" / "websocket.packed"
MASKED, DEFLATE, SMALL, LEAST_WINDOW, NO_CONTEXT, BY_FRAGMENT, SMALL_FRAGMENTS, RELEASES = (1 << i for i in range(8))
TEXTS = [b"", b"Hello", "héllo wörld €𝄞".encode(), b"again and again and again " * 8, bytes(range(256)) * 3]


def frame(first, payload, masked):
    size = len(payload)
    flag = 0x80 if masked else 0
    if size < 126:
        head = bytes([first, flag | size])
    elif size < 65536:
        head = bytes([first, flag | 126]) + struct.pack(">H", size)
    else:
        head = bytes([first, flag | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = b"\x12\x34\xab\xcd"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def compressed(text, bits, strategy, level, final=False):
    stream = zlib.compressobj(level, zlib.DEFLATED, -bits, 1 if bits == 9 else 8, strategy)
    data = stream.compress(text)
    if final:
        return data + stream.flush(zlib.Z_FINISH) + b"\0"
    data += stream.flush(zlib.Z_SYNC_FLUSH)
    return data[:-4]


def inputs():
    dice = random.Random(1)
    for choice in range(256):
        masked = choice & MASKED
        frames = []
        for text in TEXTS:
            opcode = 2 if text == TEXTS[-1] else 1
            if choice & DEFLATE:
                bits = 9 if choice & LEAST_WINDOW else 15
                strategy = dice.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE])
                body = compressed(text, bits, strategy, dice.choice([0, 1, 6, 9]), dice.random() < 0.2)
                cut = dice.randrange(len(body) + 1)
                frames += [frame(0x40 | opcode, body[:cut], masked), frame(0x89, b"ping", masked),
                           frame(0x80, body[cut:], masked)]
            else:
                cut = dice.randrange(len(text) + 1)
                frames += [frame(opcode, text[:cut], masked), frame(0, b"", masked), frame(0x80, text[cut:], masked)]
        frames.append(frame(0x88, b"\x03\xe8bye", masked))
        yield bytes([choice]) + b"".join(frames[:dice.randrange(4, len(frames) + 1)])


packed.write(FILE, packed.read(FILE) | set(inputs()))
