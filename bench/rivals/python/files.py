"""aiofiles: the cases of bench/io/files.cpp. files.py FOLDER CASE... prints ns, per file or per MiB, of CPU time."""

import asyncio
import json
import sys
import time

import aiofiles

FILES, MEBIBYTES = 10_000, 1024


async def _small(path, gate):
    async with gate:  # aiofiles has no limit of its own, and descriptors have
        async with aiofiles.open(path, "rb") as file:
            return len(await file.read())


async def small(folder):
    gate = asyncio.Semaphore(200)
    sizes = await asyncio.gather(*(_small(f"{folder}/small/{i}", gate) for i in range(FILES)))
    assert sizes == [4096] * FILES
    return FILES


async def big(folder):
    total = 0
    async with aiofiles.open(f"{folder}/big", "rb") as file:
        while piece := await file.read(64 * 1024):
            total += len(piece)
    assert total == MEBIBYTES << 20
    return MEBIBYTES


def main():
    folder = sys.argv[1]
    for name in sys.argv[2:]:
        for repetition in range(3):
            began = time.process_time()
            operations = asyncio.run(globals()[name](folder))
            if repetition:
                print(json.dumps({"name": name, "ns": (time.process_time() - began) * 1e9 / operations}))


main()
