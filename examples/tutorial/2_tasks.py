import asyncio


async def count(name, delay):
    try:
        for number in range(1, 100):
            print(f"{name}: {number}")
            await asyncio.sleep(delay)
    except asyncio.CancelledError:
        print(f"{name}: cancelled")
        raise


async def main():
    clock = asyncio.create_task(count("clock", 1), name="clock")
    await asyncio.sleep(0.05)
    print(f"{clock.get_name()} is done: {clock.done()}")
    clock.cancel()
    try:
        await clock
    except asyncio.CancelledError:
        print(f"{clock.get_name()} was cancelled: {clock.cancelled()}")


asyncio.run(main())
