"""A line protocol: the server greets, echoes lines, and sends a dot every second, for 8 s at most."""

import asyncio
import sys


async def keep_alive(writer):
    while True:
        await asyncio.sleep(1)
        if not writer.is_closing():
            writer.write(b".\n")


async def serve(reader, writer):
    loop = asyncio.get_running_loop()
    alive = loop.create_task(keep_alive(writer))  # site
    writer.write(b"hello\n")
    try:
        async with asyncio.timeout(8):
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
    except (ConnectionError, TimeoutError):
        pass
    finally:
        alive.cancel()
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
