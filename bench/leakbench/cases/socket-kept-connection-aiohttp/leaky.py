"""A report server: a request asks the database through a client that keeps its connection for the next time."""

import asyncio
import os
import socket
import sys

from aiohttp import web

DATABASE = "127.0.0.1", int(os.environ["UPSTREAM_PORT"])
CLIENTS = set()


class Client:
    def __init__(self):
        self.connection = None
        CLIENTS.add(self)

    async def query(self, text):
        loop = asyncio.get_running_loop()
        if self.connection is None:
            self.connection = socket.socket()  # site
            self.connection.setblocking(False)
            await loop.sock_connect(self.connection, DATABASE)
        await loop.sock_sendall(self.connection, text.encode() + b"\n")
        return (await loop.sock_recv(self.connection, 1000)).decode()

    def close(self):
        CLIENTS.discard(self)
        self.connection.close()


async def report(request):
    client = Client()
    rows = await client.query("three rows")
    return web.Response(text=rows)


app = web.Application()
app.add_routes([web.get("/report", report)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, shutdown_timeout=1, keepalive_timeout=4)
