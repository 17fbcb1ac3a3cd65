"""The statements about locks, queues and their like; sync_operations.cpp does the same on aiocpp."""


class SyncOperations:
    async def do_lock(self, statement, frame):
        async with self.locks[statement.numbers[0]]:
            await self.block(statement.body, frame)

    async def do_acquire(self, statement, frame):
        await self.locks[statement.numbers[0]].acquire()

    def do_release(self, statement, frame):
        self.locks[statement.numbers[0]].release()

    async def do_sem(self, statement, frame):
        async with self.semaphores[statement.numbers[0]]:
            await self.block(statement.body, frame)

    async def do_semacquire(self, statement, frame):
        await self.semaphores[statement.numbers[0]].acquire()

    def do_semrelease(self, statement, frame):
        self.semaphores[statement.numbers[0]].release()

    async def do_condition(self, statement, frame):
        async with self.condition:
            await self.block(statement.body, frame)

    async def do_conditionwait(self, statement, frame):
        await self.condition.wait()

    async def do_conditionwaitfor(self, statement, frame):
        await self.condition.wait_for(lambda: self.counter >= statement.numbers[0])

    def do_notify(self, statement, frame):
        self.condition.notify(statement.numbers[0])

    def do_notifyall(self, statement, frame):
        self.condition.notify_all()

    def do_increment(self, statement, frame):
        self.counter += 1

    async def do_eventwait(self, statement, frame):
        await self.events[statement.numbers[0]].wait()

    def do_eventset(self, statement, frame):
        self.events[statement.numbers[0]].set()

    def do_eventclear(self, statement, frame):
        self.events[statement.numbers[0]].clear()

    async def do_put(self, statement, frame):
        queue, value = statement.numbers
        await self.queues[queue].put(value)

    async def do_get(self, statement, frame):
        return await self.queues[statement.numbers[0]].get()

    def do_putnowait(self, statement, frame):
        queue, value = statement.numbers
        self.queues[queue].put_nowait(value)

    def do_getnowait(self, statement, frame):
        return self.queues[statement.numbers[0]].get_nowait()

    def do_taskdone(self, statement, frame):
        self.queues[statement.numbers[0]].task_done()

    async def do_join(self, statement, frame):
        await self.queues[statement.numbers[0]].join()

    def do_shutdown(self, statement, frame):
        queue, immediate = statement.numbers
        self.queues[queue].shutdown(bool(immediate))

    async def do_barrierwait(self, statement, frame):
        return await self.barrier.wait()

    async def do_barrierreset(self, statement, frame):
        await self.barrier.reset()

    async def do_barrierabort(self, statement, frame):
        await self.barrier.abort()
