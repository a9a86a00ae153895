"""A password checker: the work is done in the default executor."""

import asyncio
import contextlib
import hashlib
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


def check(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 2000).hex()


async def login(client):
    with contextlib.suppress(ConnectionClosed):
        await client.send(await asyncio.to_thread(check, "default"))
        async for password in client:
            await client.send(await asyncio.get_running_loop().run_in_executor(None, check, password))


async def main():
    async with serve(login, "127.0.0.1", int(sys.argv[1]), ping_interval=2, ping_timeout=3, close_timeout=1) as server:
        await server.serve_forever()


asyncio.run(main())
