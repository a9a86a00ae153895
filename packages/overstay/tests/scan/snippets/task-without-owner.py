import asyncio
from asyncio import create_task as start
from asyncio import ensure_future


async def work(): ...


async def bad_dropped():
    asyncio.create_task(work())  # bad


async def bad_ensure_future():
    ensure_future(work())  # bad


async def bad_renamed_import():
    start(work())  # bad


async def bad_loop():
    asyncio.get_running_loop().create_task(work())  # bad


class BadForwarder:
    def __init__(self, loop):
        self._loop = loop

    def forward(self):
        self._loop.create_task(work())  # bad


async def bad_local_only():
    task = asyncio.create_task(work())  # bad
    await asyncio.sleep(1)


async def bad_callback_does_not_keep(done):
    task = asyncio.create_task(work())  # bad
    task.add_done_callback(done)


async def bad_chained_callback(done):
    asyncio.create_task(work()).add_done_callback(done)  # bad


async def bad_comprehension(messages):
    [asyncio.create_task(work()) for _ in messages]  # bad


def bad_from_a_thread(loop):
    asyncio.run_coroutine_threadsafe(work(), loop)  # bad


def bad_lambda(loop):
    loop.call_later(5, lambda: asyncio.create_task(work()))  # bad


def bad_handed_over(loop):
    loop.call_soon_threadsafe(asyncio.create_task, work())  # bad


async def bad_chosen(is_urgent):
    asyncio.create_task(work()) if is_urgent else None  # bad


async def bad_multiple_lines():
    asyncio.create_task(  # bad
        work(),
        name="worker",
    )


async def good_awaited():
    await asyncio.create_task(work())


async def good_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(work())


class GoodOwner:
    def __init__(self):
        self._task = None
        self._tasks = set()

    async def start(self):
        self._task = asyncio.create_task(work())

    async def spawn(self):
        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def good_cancelled():
    task = asyncio.create_task(work())
    try:
        await asyncio.sleep(1)
    finally:
        task.cancel()


async def good_returned():
    return asyncio.create_task(work())


async def good_gathered(messages):
    await asyncio.gather(*[asyncio.create_task(work()) for _ in messages])


async def good_list(messages):
    tasks = [asyncio.create_task(work()) for _ in messages]
    await asyncio.wait(tasks)


def good_waited_for(loop):
    return asyncio.run_coroutine_threadsafe(work(), loop).result()


class GoodScheduler:
    def create_task(self, job):
        return job


def good_other_scheduler(scheduler: GoodScheduler):
    scheduler.create_task(work)


async def good_nonlocal():
    task = None

    async def start_it():
        nonlocal task
        task = asyncio.create_task(work())

    await start_it()
    return task


async def good_used_inside(websocket):
    task = asyncio.create_task(work())

    async def stop():
        task.cancel()

    await stop()
