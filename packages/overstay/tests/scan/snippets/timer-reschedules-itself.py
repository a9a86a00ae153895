import asyncio
import functools
import threading


class BadHeartbeat:
    def beat(self):
        asyncio.get_running_loop().call_later(20, self.beat)  # bad

    def keep(self):
        self._handle = asyncio.get_running_loop().call_later(20, self.keep)  # bad

    def tick(self, loop):
        loop.call_later(1, lambda: self.tick(loop))  # bad

    def at(self, loop):
        loop.call_at(loop.time() + 1, functools.partial(self.at, loop))  # bad

    def in_a_thread(self):
        timer = threading.Timer(5, self.in_a_thread)  # bad
        timer.start()


def bad_function(loop):
    print("beat")
    loop.call_later(1, bad_function, loop)  # bad


def bad_nested(loop):
    def beat():
        loop.call_later(1, beat)  # bad

    beat()


class GoodHeartbeat:
    def beat(self):
        self._handle = asyncio.get_running_loop().call_later(20, self.beat)

    def close(self):
        self._handle.cancel()


class GoodFlag:
    def beat(self):
        if self.closed:
            return
        asyncio.get_running_loop().call_later(20, self.beat)

    def tick(self):
        if not self.closed:
            asyncio.get_running_loop().call_later(20, self.tick)


def good_once(loop, done):
    loop.call_later(1, done)


def good_other(loop):
    loop.call_later(1, good_once, loop, print)


def good_countdown(loop, left):
    if left:
        loop.call_later(1, good_countdown, loop, left - 1)


async def good_loop():
    while True:
        await asyncio.sleep(1)


def good_returned(loop):
    return loop.call_later(1, good_returned, loop)
