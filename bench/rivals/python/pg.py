"""asyncpg: the cases of bench/db/pg_queries.cpp. pg.py asyncio|uvloop DSN CASE... prints CPU ns per query and queries per
second, a line a case."""

import asyncio

import asyncpg

from queries import TASKS, measure, run_cases

ROWS = 1000
ROWS_SQL = ("SELECT i AS id, 'name ' || i AS name, i * 0.5::float8 AS score, i % 2 = 0 AS even FROM "
            "generate_series(1, $1::int) i")


async def ask_all(name, sources, queries):
    async def ask(source, left):
        for _ in left:
            assert await source.fetchval("SELECT 1") == 1

    async def run():
        left = iter(range(queries))
        await asyncio.gather(*(ask(source, left) for source in sources))

    await measure(name, queries, run)


async def one(dsn):
    connection = await asyncpg.connect(dsn)
    await ask_all("one", [connection], 500)
    await connection.close()


async def spread(dsn):
    connections = [await asyncpg.connect(dsn) for _ in range(TASKS)]
    await ask_all("spread", connections, 2000)
    for connection in connections:
        await connection.close()


async def pool(dsn):
    async with asyncpg.create_pool(dsn, min_size=TASKS, max_size=TASKS) as shared:
        await ask_all("pool", [shared] * TASKS, 2000)


async def rows(dsn):
    connection = await asyncpg.connect(dsn)

    async def run():
        for _ in range(50):
            found = await connection.fetch(ROWS_SQL, ROWS)
            ids = sum(row[0] for row in found)
            size = sum(len(row[1]) for row in found)
            scores = sum(row[2] for row in found)
            evens = sum(row[3] for row in found)
            assert (ids, size, scores, evens) == (500_500, 7_893, 250_250, 500)

    await measure("rows", 50, run)
    await connection.close()


run_cases({"one": one, "spread": spread, "pool": pool, "rows": rows})
