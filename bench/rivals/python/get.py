"""aiohttp as a client in the http section: get.py asyncio|uvloop PORT CONNECTIONS REQUESTS ROUNDS, as
bench/http/get_client.cpp has them."""

import asyncio
import json
import sys
import time

import aiohttp
from yarl import URL


async def get_many(session, url, left):
    for _ in left:
        async with session.get(url) as response:
            body = await response.read()
            if response.status != 200 or body != b"Hello, World!":
                raise RuntimeError(f"{response.status} {body}")


async def run_rounds(port, connections, requests, rounds):
    url = URL(f"http://127.0.0.1:{port}/")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        for done in range(rounds + 1):
            started = time.process_time_ns()
            left = iter(range(requests))
            await asyncio.gather(*(get_many(session, url, left) for _ in range(connections)))
            if done > 0:
                print(json.dumps({"requests": requests, "client_cpu_ns": time.process_time_ns() - started}), flush=True)


def main():
    loop_name, *numbers = sys.argv[1:]
    if loop_name == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(run_rounds(*map(int, numbers)))


if __name__ == "__main__":
    main()
