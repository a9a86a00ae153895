import asyncio
import multiprocessing
import subprocess
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE

processes = {}
kept = {}


async def bad_dropped():
    await asyncio.create_subprocess_exec("tool")  # bad


def bad_popen():
    subprocess.Popen(["tool"])  # bad


async def bad_local():
    process = await create_subprocess_exec("tool", stdin=PIPE)  # bad
    process.stdin.write(b"hello")
    await process.stdin.drain()


async def bad_shell(request):
    process = await asyncio.create_subprocess_shell("tool", stdout=PIPE)  # bad
    return await process.stdout.readline()


def bad_multiprocessing(work):
    process = multiprocessing.Process(target=work)  # bad
    process.start()


class BadClient:
    async def connect(self):
        self._process = await asyncio.create_subprocess_exec("tool", stdin=PIPE)  # bad
        processes[id(self)] = self._process

    async def call(self):
        process = self._process
        process.stdin.write(b"call")

    async def aclose(self):
        self._process = None


def bad_table(client_id):
    process = subprocess.Popen(["tool"])  # bad
    print(process.args, client_id)


async def good_waited():
    process = await asyncio.create_subprocess_exec("tool")
    await process.wait()


async def good_killed(request):
    process = await asyncio.create_subprocess_exec("tool", stdin=PIPE)
    try:
        await process.communicate(b"x")
    finally:
        process.kill()


def good_run():
    subprocess.run(["tool"], check=True)


def good_with():
    with subprocess.Popen(["tool"], stdout=subprocess.PIPE) as process:
        return process.stdout.read()


class GoodClient:
    async def connect(self):
        self._process = await asyncio.create_subprocess_exec("tool")

    async def aclose(self):
        process, self._process = self._process, None
        process.terminate()
        await process.wait()


async def good_returned():
    return await asyncio.create_subprocess_exec("tool")


async def good_handed_over(owner):
    process = await asyncio.create_subprocess_exec("tool")
    owner.adopt(process)


def good_joined(work):
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()


async def good_table(client_id):
    process = await asyncio.create_subprocess_exec("tool")
    kept[client_id] = process


def good_table_end(client_id):
    kept.pop(client_id).kill()
