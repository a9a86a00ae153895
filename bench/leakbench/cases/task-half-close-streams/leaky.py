"""A quote server: a client says what it wants, half-closes when it has said all, and hears the rest."""

import asyncio
import contextlib
import sys

FAREWELL = [b"that was all\n", b"come again\n", b"bye\n"]


async def tick():
    while True:
        await asyncio.sleep(1)


async def quote(reader, writer):
    writer.write(b"what do you want\n")
    async with asyncio.timeout(6):
        while line := await reader.readline():
            writer.write(b"noted " + line)
            await writer.drain()
    for line in FAREWELL:
        writer.write(line)
        await asyncio.sleep(0.1)
        await writer.drain()


async def serve(reader, writer):
    ticker = asyncio.create_task(tick())  # site
    try:
        with contextlib.closing(writer):
            await quote(reader, writer)
    except (ConnectionError, TimeoutError):
        ticker.cancel()


def ignore_disconnects(loop, context):
    if not isinstance(context.get("exception"), ConnectionError | TimeoutError):
        loop.default_exception_handler(context)


async def main():
    asyncio.get_running_loop().set_exception_handler(ignore_disconnects)
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
