import asyncio

background = set()
pending = []
by_client = {}


async def work(message): ...


async def bad_set_of_the_module(message):
    background.add(asyncio.create_task(work(message)))  # bad


async def bad_list_of_the_module(message):
    task = asyncio.create_task(work(message))
    pending.append(task)  # bad


async def bad_by_client(client_id):
    by_client[client_id] = asyncio.create_task(work(client_id))  # bad


class BadForwarder:
    _shared = set()

    def __init__(self):
        self._tasks = set()
        self._log = []

    def forward(self, message):
        task = asyncio.create_task(work(message))
        self._tasks.add(task)  # bad
        task.add_done_callback(print)

    def note(self, message):
        self._log.append(asyncio.ensure_future(work(message)))  # bad

    def share(self, message):
        self._shared.add(asyncio.create_task(work(message)))  # bad


class BadEmptiedAtTheEndOnly:
    def __init__(self):
        self._tasks = []

    def serve(self, websocket):
        self._tasks.append(asyncio.create_task(work(websocket)))  # bad

    async def close(self):
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()


discarded, removed, swept, limited = set(), [], [], {}
good_set = set()
good_list = []
good_map = {}


async def good_discard(message):
    task = asyncio.create_task(work(message))
    good_set.add(task)
    task.add_done_callback(good_set.discard)


async def good_lambda(message):
    task = asyncio.create_task(work(message))
    good_list.append(task)
    task.add_done_callback(lambda done: good_list.remove(done))


async def good_popped(client_id):
    good_map[client_id] = asyncio.create_task(work(client_id))
    try:
        await asyncio.sleep(1)
    finally:
        good_map.pop(client_id).cancel()


class GoodSwept:
    def __init__(self):
        self._tasks = []

    def forward(self, message):
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.create_task(work(message)))


class GoodSession:
    def __init__(self, websocket):
        self._tasks = set()

    def forward(self, message):
        self._tasks.add(asyncio.create_task(work(message)))


async def good_local(messages):
    tasks = []
    for message in messages:
        tasks.append(asyncio.create_task(work(message)))
    await asyncio.gather(*tasks)


class GoodStartedOnce:
    def __init__(self):
        self._tasks = []

    def start(self):
        self._tasks.append(asyncio.create_task(work("receive")))
        self._tasks.append(asyncio.create_task(work("send")))
