import asyncio


async def step(name, delay):
    await asyncio.sleep(delay)
    print(f"{name} done")
    return delay


async def fail(name, delay):
    await asyncio.sleep(delay)
    raise RuntimeError(f"{name} failed")


async def main():
    async with asyncio.TaskGroup() as group:
        first = group.create_task(step("first", 0.02))
        second = group.create_task(step("second", 0.01))
    print(f"both done: {first.result() > second.result()}")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(step("never", 10))
            group.create_task(fail("third", 0.01))
    except* RuntimeError as errors:
        for error in errors.exceptions:
            print(f"caught: {error}")


asyncio.run(main())
