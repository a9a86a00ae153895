"""A line counter; its errors can be looked at later (asyncio.start_server)."""

import asyncio
import collections
import contextlib
import sys

ERRORS = []
COUNTS = collections.Counter()


async def count_lines(reader, writer):
    writer.write(b"go on\n")
    async with asyncio.timeout(6):
        while await reader.readline():
            COUNTS["lines"] += 1
            writer.write(b"%d\n" % COUNTS["lines"])


async def serve(reader, writer):
    with contextlib.closing(writer):
        try:
            await count_lines(reader, writer)
        except (ConnectionError, TimeoutError) as error:
            COUNTS[type(error).__name__] += 1


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
