import asyncio


async def produce(queue, name):
    for number in range(1, 4):
        await asyncio.sleep(0.01)
        await queue.put(f"{name} {number}")


async def consume(queue, seen):
    while True:
        seen.append(await queue.get())
        queue.task_done()


async def main():
    queue = asyncio.Queue(maxsize=2)
    seen = []
    consumers = [asyncio.create_task(consume(queue, seen)) for _ in range(2)]
    await asyncio.gather(produce(queue, "apple"), produce(queue, "pear"))
    await queue.join()
    for consumer in consumers:
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)
    print(", ".join(sorted(seen)))


asyncio.run(main())
