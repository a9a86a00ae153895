"""A calculator; its health page shows the last error (asyncio.start_server)."""

import asyncio
import contextlib
import sys


class BadLineError(Exception):
    pass


class Health:
    last_error = None
    failures = 0


HEALTH = Health()


def calculate(line, writer):
    if not line.strip().isdigit():
        writer.write(b"not a number\n")
        raise BadLineError(line) from HEALTH.last_error
    writer.write(b"%d\n" % (int(line) + 1))


async def serve(reader, writer):
    writer.write(b"a number please\n")
    with contextlib.closing(writer), contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(6):
            while line := await reader.readline():
                try:
                    calculate(line, writer)
                except BadLineError as error:
                    HEALTH.last_error = error  # site


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
