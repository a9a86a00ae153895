"""A job runner: on SIGUSR1 it tells its clients where it is (asyncio.start_server)."""

import asyncio
import contextlib
import signal
import sys


def telling(writer, previous):
    def tell(number, frame):
        if not writer.is_closing():
            writer.write(b"still at it\n")
        if callable(previous):
            previous(number, frame)

    return tell


async def run(reader, writer):
    previous = signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, telling(writer, previous))  # site
    try:
        writer.write(b"what shall I do\n")
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(6):
                while await reader.readline():
                    writer.write(b"done\n")
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(run, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
