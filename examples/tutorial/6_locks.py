import asyncio


class Kitchen:
    def __init__(self):
        self.stoves = asyncio.Semaphore(2)
        self.cookbook = asyncio.Lock()
        self.open = asyncio.Event()
        self.busy = 0
        self.busiest = 0

    async def cook(self, dish):
        await self.open.wait()
        async with self.stoves:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
            async with self.cookbook:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.01)
            self.busy -= 1


async def main():
    kitchen = Kitchen()
    dishes = ["soup", "roast", "salad", "cake", "tea"]
    cooks = [asyncio.create_task(kitchen.cook(dish)) for dish in dishes]
    await asyncio.sleep(0.01)
    print(f"before it opens: {kitchen.busy} busy")
    kitchen.open.set()
    await asyncio.gather(*cooks)
    print(f"at most {kitchen.busiest} at a time")


asyncio.run(main())
