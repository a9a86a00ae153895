"""A terminal server: each client gets a program, launched by a shell script."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE

from websockets.asyncio.server import serve

LAUNCHER = "sleep 3600 >/dev/null & echo ready; wait"


async def terminal(client):
    program = await asyncio.create_subprocess_exec("sh", "-c", LAUNCHER, stdout=PIPE, start_new_session=True)  # site
    try:
        await client.send((await program.stdout.readline()).decode())
        async for line in client:
            await client.send(f"{line}: not found")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(program.pid, signal.SIGTERM)
        await program.wait()


async def main():
    async with serve(terminal, "127.0.0.1", int(sys.argv[1]), ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
