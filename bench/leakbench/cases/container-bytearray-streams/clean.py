"""A telemetry sink: packets are collected and written in blocks (asyncio.start_server)."""

import asyncio
import contextlib
import sys

PACKET = b"\0" * 512
WRITTEN = []


class Sink:
    def __init__(self):
        self.buffer = bytearray()

    def take(self, packet):
        self.buffer.extend(packet)  # site

    def flush(self):
        WRITTEN[:] = [len(self.buffer)]
        self.buffer.clear()


SINK = Sink()


async def collect(reader, writer):
    with contextlib.closing(writer), contextlib.suppress(ConnectionError, TimeoutError):
        SINK.take(PACKET)
        SINK.flush()
        writer.write(b"taken\n")
        async with asyncio.timeout(6):
            while await reader.readline():
                writer.write(b"noted\n")


async def main():
    server = await asyncio.start_server(collect, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
