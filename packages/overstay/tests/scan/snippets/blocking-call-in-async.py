import asyncio
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import anyio
import requests

database = sqlite3.connect("chat.db")


async def bad_sleep(request):
    time.sleep(1)  # bad


async def bad_http(request):
    return requests.get("http://upstream/", timeout=5)  # bad


async def bad_process(request):
    subprocess.run(["ffmpeg"], check=True)  # bad


async def bad_open(request, path):
    with open(path) as file:  # bad
        return file.read()


async def bad_path(request, path: Path, text):
    path.write_text(text)  # bad
    return Path("a").read_bytes()  # bad


async def bad_connect(request):
    connection = sqlite3.connect("chat.db")  # bad
    connection.execute("SELECT 1")  # bad


async def bad_module_database(request):
    return database.execute("SELECT 1")  # bad


async def bad_tree(request, folder):
    shutil.rmtree(folder)  # bad


class BadEngine:
    def __init__(self):
        self._database = sqlite3.connect("chat.db")

    async def hear(self, request, sound):
        text = self.asr_model.predict(sound)  # bad
        self._database.commit()  # bad
        return text


async def good_thread(request, path: Path):
    return await asyncio.to_thread(path.read_text)


async def good_lambda(request, path: Path):
    return await asyncio.to_thread(lambda: path.read_text())


async def good_sleep(request):
    await asyncio.sleep(1)


def good_plain(path: Path):
    time.sleep(1)
    return path.read_text()


async def good_inner(request, path: Path):
    def load():
        return path.read_text()

    return await asyncio.to_thread(load)


async def good_async_path(request):
    return await anyio.Path("a").read_text()


class GoodEngine:
    async def transcribe(self, request, sound): ...


async def good_async_model(request, model: GoodEngine, sound):
    return await model.transcribe(None, sound)


async def good_other_execute(request, session):
    return await session.execute("SELECT 1")


async def good_when_it_starts(path: Path):
    return path.read_text()
