"""aiomysql: the cases of bench/db/mysql_queries.cpp. my.py asyncio|uvloop SOCKET CASE... prints CPU ns per query and queries
per second, a line a case."""

import asyncio
import json
import sys
import time

import aiomysql

TASKS, ROUNDS = 16, 10
ROWS_SQL = "SELECT seq, seq * 2, 'some text', seq / 2.0e0 FROM seq_1_to_1000 WHERE seq > %s"


async def measure(name, queries, run):
    samples = []
    for done in range(ROUNDS + 1):
        cpu, wall = time.process_time(), time.perf_counter()
        await run()
        if done:
            samples.append(((time.process_time() - cpu) / queries, (time.perf_counter() - wall) / queries))
    cpu, wall = (min(figures) for figures in zip(*samples))
    print(json.dumps({"name": name, "ns": cpu * 1e9, "per_second": 1 / wall}), flush=True)


async def fetchval(connection, number):
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT %s", (number,))
        return (await cursor.fetchone())[0]


async def ask_all(name, path, tasks, queries):
    connections = [await aiomysql.connect(unix_socket=path, user="root", db="test") for _ in range(tasks)]

    async def ask(connection, left):
        for number in left:
            assert await fetchval(connection, number) == number

    async def run():
        left = iter(range(queries))
        await asyncio.gather(*(ask(connection, left) for connection in connections))

    await measure(name, queries, run)
    for connection in connections:
        await connection.ensure_closed()


async def one(path):
    await ask_all("one", path, 1, 500)


async def spread(path):
    await ask_all("spread", path, TASKS, 2000)


async def pool(path):
    async with aiomysql.create_pool(unix_socket=path, user="root", db="test", minsize=TASKS, maxsize=TASKS) as shared:

        async def ask(left):
            for number in left:
                async with shared.acquire() as connection:
                    assert await fetchval(connection, number) == number

        async def run():
            left = iter(range(2000))
            await asyncio.gather(*(ask(left) for _ in range(TASKS)))

        await measure("pool", 2000, run)


async def rows(path):
    connection = await aiomysql.connect(unix_socket=path, user="root", db="test")

    async def run():
        for _ in range(20):
            async with connection.cursor() as cursor:
                await cursor.execute(ROWS_SQL, (0,))
                found = await cursor.fetchall()
            figures = (sum(row[0] for row in found), sum(row[1] for row in found), sum(row[3] for row in found))
            assert figures == (500_500, 1_001_000, 250_250)

    await measure("rows", 20, run)
    await connection.ensure_closed()


def main():
    loop, path, *cases = sys.argv[1:]
    if loop == "uvloop":
        import uvloop

        uvloop.install()
    for case in cases:
        asyncio.run(globals()[case](path))


main()
