import asyncio
import time


async def run(*command):
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def slow_sum(numbers):
    time.sleep(0.05)
    return sum(numbers)


async def main():
    code, output = await run("echo", "hello from a child")
    print(f"exit status {code}: {output}", end="")

    code, _ = await run("sh", "-c", "exit 3")
    print(f"exit status {code}")

    print(await asyncio.to_thread(slow_sum, [1, 2, 3]))


asyncio.run(main())
