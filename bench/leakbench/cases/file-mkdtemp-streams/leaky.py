"""A build server: each client builds in a folder of its own, for 8 s at most."""

import asyncio
import shutil
import sys
import tempfile


async def build(reader, writer):
    folder = tempfile.mkdtemp(prefix="build-")  # site
    writer.write(b"ready, %d bytes free\n" % shutil.disk_usage(folder).free)
    try:
        async with asyncio.timeout(8):
            while line := await reader.readline():
                writer.write(b"built " + line)
                await writer.drain()
    except (ConnectionError, TimeoutError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(build, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
