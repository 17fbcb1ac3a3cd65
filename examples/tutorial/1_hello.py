import asyncio


async def greet(name, delay):
    await asyncio.sleep(delay)
    print(f"Hello, {name}!")
    return len(name)


async def main():
    await greet("world", 0.01)
    lengths = await asyncio.gather(greet("slow one", 0.1), greet("quick one", 0.01))
    print(f"{lengths[0]} and {lengths[1]} letters")


asyncio.run(main())
