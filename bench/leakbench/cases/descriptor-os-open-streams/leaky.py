"""A random-number server: each client reads from the device through a descriptor, for 8 s at most."""

import asyncio
import os
import sys


async def serve(reader, writer):
    device = os.open("/dev/urandom", os.O_RDONLY)  # site
    writer.write(os.read(device, 4).hex().encode() + b"\n")
    try:
        async with asyncio.timeout(8):
            while await reader.readline():
                writer.write(os.read(device, 4).hex().encode() + b"\n")
                await writer.drain()
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
