import asyncio


async def answer(delay):
    await asyncio.sleep(delay)
    return 42


async def main():
    print(await asyncio.wait_for(answer(0.01), timeout=1))

    try:
        await asyncio.wait_for(answer(10), timeout=0.01)
    except TimeoutError:
        print("no answer")

    try:
        async with asyncio.timeout(0.5):
            print(await answer(0.01))
            print(await answer(10))
    except TimeoutError:
        print("out of time")


asyncio.run(main())
