#!/usr/bin/env python3
"""Adds seeds for pg_codec_fuzz and pg_conninfo_fuzz: a good value of each kind, and what people write into DSNs."""

import pathlib
import struct
import sys

import packed

HERE = pathlib.Path(__file__).parent
ALL = 255  # the reader that reads as everything


def field(data):
    return struct.pack(">i", -1) if data is None else struct.pack(">i", len(data)) + data


def array(oid, dimensions, *elements):
    head = struct.pack(">iiI", len(dimensions), int(None in elements), oid)
    return head + b"".join(struct.pack(">ii", *each) for each in dimensions) + b"".join(map(field, elements))


def record(*fields):
    return struct.pack(">i", len(fields)) + b"".join(struct.pack(">I", oid) + field(data) for oid, data in fields)


def numeric(weight, sign, scale, *digits):
    return struct.pack(f">HhHH{len(digits)}H", len(digits), weight, sign, scale, *digits)


def int4(number):
    return struct.pack(">i", number)


RANGE = b"\2" + field(int4(1)) + field(int4(5))
BINARY = [  # oid, value
    (16, b"\1"), (17, b"\0\xff"), (18, b"x"), (18, b"\0"), (19, b"name"), (20, b"\x7f" + b"\xff" * 7), (21, b"\x80\0"),
    (23, int4(-7)), (25, "text ä".encode()), (26, int4(4)), (27, b"\0\0\0\1\0\2"), (114, b'{"a": [1, 2.5e3, null]}'),
    (3802, b'\1{"a": {"b": "\\u00e4"}}'), (4072, b"\1$.a"), (700, struct.pack(">f", 0.1)), (701, struct.pack(">d", 1e300)),
    (701, struct.pack(">d", float("nan"))), (600, struct.pack(">2d", 1, -2)), (628, struct.pack(">3d", 1, 2, 3)),
    (601, struct.pack(">4d", 1, 2, 3, 4)), (603, struct.pack(">4d", 3, 4, 1, 2)), (718, struct.pack(">3d", 1, 2, 3)),
    (602, b"\1" + struct.pack(">i4d", 2, 1, 2, 3, 4)), (604, struct.pack(">i4d", 2, 1, 2, 3, 4)),
    (650, b"\2\x18\1\4\x0a\0\0\0"), (869, b"\3\x80\0\x10" + bytes(range(16))), (829, bytes(range(6))),
    (774, bytes(range(8))), (790, struct.pack(">q", 1234)), (1082, int4(8000)), (1082, b"\x7f\xff\xff\xff"),
    (1083, struct.pack(">q", 86_399_999_999)), (1114, struct.pack(">q", 1)), (1184, b"\x80" + b"\0" * 7),
    (1184, struct.pack(">q", 700_000_000_000_000)), (1186, struct.pack(">qii", 1, 2, 3)), (1186, struct.pack(">qii", 5, 1, 0)),
    (1266, struct.pack(">qi", 5, -7200)), (1562, struct.pack(">i", 10) + b"\xa5\x40"), (1700, numeric(0, 0, 2, 12, 5000)),
    (1700, numeric(1, 0x4000, 0, 1, 2345)), (1700, numeric(0, 0xC000, 0)), (1700, numeric(0, 0xD000, 32)),
    (1700, numeric(-1, 0, 8, 1, 2)), (1700, numeric(32767, 0, 0, 9999)), (2950, bytes(range(16))), (3220, b"\0" * 7 + b"\1"),
    (5069, b"\0" * 7 + b"\1"), (2278, b""), (1007, array(23, [(3, 1)], int4(1), None, int4(3))), (1007, array(23, [])),
    (1007, array(23, [(2, 1), (2, -5)], *map(int4, range(4)))), (1009, array(25, [(2, 1)], b"a", b"b,\"\\")),
    (1000, array(16, [(1, 1), (2, 1), (1, 1)], b"\1", b"\0")), (1231, array(1700, [(1, 1)], numeric(0, 0, 0, 7))),
    (22, array(21, [(2, 0)], b"\0\1", b"\0\2")), (2277, array(25, [(1, 1)], b"x")), (199, array(114, [(1, 1)], b"[1]")),
    (3904, RANGE), (3904, b"\1"), (3904, b"\x18"), (3906, b"\6" + field(numeric(0, 0, 0, 1)) + field(numeric(0, 0, 0, 2))),
    (3912, b"\x12" + field(int4(1))), (3910, b"\x0a" + field(struct.pack(">q", 5))), (4451, struct.pack(">i", 1) + field(RANGE)),
    (6150, array(4451, [(1, 1)], struct.pack(">i", 1) + field(RANGE))), (2249, record((23, int4(1)), (25, b"x"))),
    (2249, record((2249, record((25, None))))), (2287, array(2249, [(1, 1)], record((25, b"x"), (23, int4(1))))),
    (50000, b"a"), (50001, array(50000, [(1, 1)], b"b")), (50002, record((25, b"Main"), (23, int4(7)))),
    (50003, array(50002, [(1, 1)], record((25, b"Main"), (23, None)))), (50004, int4(5)),
    (50005, struct.pack(">i", 2) + field(b"a") + field(b"1") + field(b"b") + field(None)), (50006, b"Text"),
    (50007, b"\2" + field(struct.pack(">d", 1)) + field(struct.pack(">d", 2))), (50010, int4(5)),
    (50104, record((50104, record((23, int4(1)))), (23, int4(1)))), (50107, b"\x12" + field(array(23, []))),
]
TEXT = [
    (23, "-17"), (20, "18446744073709551615"), (16, "t"), (17, "\\xdeadbeef"), (701, "1e-5"), (1700, "-12.50"),
    (1700, "1.5e300"), (1700, "NaN"), (25, "text"), (114, "[1]"), (2950, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"),
    (1007, "{1,NULL,3}"), (1007, "[0:1][-1:0]={{1,2},{3,4}}"), (1009, '{"a \\"b\\"",NULL,c}'), (1020, "{(2,2),(1,1);(4,4),(3,3)}"),
    (3643, "{'a' 'b'}"), (50009, '{x,"y z",{}}'), (18, ""), (50008, "anything"),
]
DSNS = [
    "", "postgresql://me:pass@host:1234/db?sslmode=require&application_name=a%20b", "postgres://[::1]:5,h2:6,/d",
    "postgresql://%2Frun%2Fpostgresql/db?ssl=true", "host=a,b port=1,2 hostaddr=127.0.0.1,::1 user=me password='it''s'",
    "host = localhost dbname='a \\' b' connect_timeout=10 target_session_attrs=read-write", "service=s",
    "host=/tmp passfile=/passwords load_balance_hosts=random keepalives_idle=5 tcp_user_timeout=7",
    "sslrootcert=system sslnegotiation=direct sslmode=verify-full", "require_auth=!md5,!password channel_binding=require",
    "search_path=a,b statement_timeout=5 options='-c geqo=off' min_protocol_version=3.2 max_protocol_version=latest",
    "hots=x", "user=", "postgresql://u@h/d?host=x&port=99999",
]
ENVIRONMENT = "PGHOST=h\nPGPORT=1\nPGUSER=u\nPGPASSFILE=/pass\nPGSERVICEFILE=/serv\nPGTZ=UTC\nPGREQUIRESSL=1"
SERVICES = "# services\n[s]\nhost=h\nport=5\nuser = x\n[t]\ndbname=d"
PASSWORDS = "# passwords\nh:5:*:u:p\\:q\n*:*:*:*:r\nlocalhost:5432:me:me:s\r\n"


def main():
    codec = {bytes([0, ALL]) + struct.pack(">H", oid) + data for oid, data in BINARY}
    codec |= {bytes([1, ALL]) + struct.pack(">H", oid) + text.encode() for oid, text in TEXT}
    conninfo = {bytes([choices]) + "\1".join((dsn, environment, SERVICES, PASSWORDS, options)).encode()
                for dsn in DSNS for choices, environment, options in ((0, "", ""), (7, ENVIRONMENT, "service=s\nport=7"))}
    for name, seeds in (("pg_codec", codec), ("pg_conninfo", conninfo)):
        file = HERE / "corpus" / f"{name}.packed"
        inputs = packed.read(file) | seeds
        packed.write(file, inputs)
        print(f"{file}: {len(inputs)} inputs", file=sys.stderr)


if __name__ == "__main__":
    main()
