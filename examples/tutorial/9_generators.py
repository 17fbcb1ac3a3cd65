import asyncio


async def ticks(count, delay):
    try:
        for number in range(count):
            await asyncio.sleep(delay)
            yield number
    finally:
        print("no more ticks")


async def squares(numbers):
    async for number in numbers:
        yield number * number


async def main():
    async for square in squares(ticks(4, 0.01)):
        print(square)

    for done in asyncio.as_completed([asyncio.sleep(0.05, "late"), asyncio.sleep(0.01, "early")]):
        print(await done)


asyncio.run(main())
