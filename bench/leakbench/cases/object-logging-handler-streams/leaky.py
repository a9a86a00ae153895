"""A log viewer: who connects sees what is logged (asyncio.start_server)."""

import asyncio
import contextlib
import logging
import sys

LOG = logging.getLogger("viewer")
LOG.propagate = False
LOG.setLevel(logging.INFO)


class ToClient(logging.Handler):
    def __init__(self, writer):
        super().__init__()
        self.writer = writer

    def emit(self, record):
        if not self.writer.is_closing():
            self.writer.write(self.format(record).encode() + b"\n")


async def view(reader, writer):
    handler = ToClient(writer)
    LOG.addHandler(handler)  # site
    LOG.info("somebody watches")
    try:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(6):
                while line := await reader.readline():
                    LOG.info("said %s", line)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(view, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
