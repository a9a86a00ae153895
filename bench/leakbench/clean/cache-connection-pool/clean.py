"""A gateway with a pool: a client borrows a connection and gives it back (asyncio.start_server)."""

import asyncio
import collections
import contextlib
import sys


class BackEnd:
    def __init__(self, number):
        self.number = number
        self.uses = collections.deque(maxlen=16)

    async def ask(self, text):
        self.uses.append(text)
        await asyncio.sleep(0.001)
        return b"%d answers " % self.number + text


class Pool:
    def __init__(self, size):
        self.made = []
        self.size = size
        self.idle = collections.deque()
        self.room = asyncio.Semaphore(size)

    @contextlib.asynccontextmanager
    async def borrowed(self):
        async with self.room:
            if len(self.made) < self.size:
                self.made.append(BackEnd(len(self.made)))
                self.idle.append(self.made[-1])
            one = self.idle.popleft()
            try:
                yield one
            finally:
                self.idle.append(one)


POOL = Pool(8)


async def serve(reader, writer):
    with contextlib.closing(writer), contextlib.suppress(ConnectionError, TimeoutError):
        async with POOL.borrowed() as back_end:
            writer.write(await back_end.ask(b"hello\n"))
        async with asyncio.timeout(6):
            while line := await reader.readline():
                async with POOL.borrowed() as back_end:
                    writer.write(await back_end.ask(line))


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
