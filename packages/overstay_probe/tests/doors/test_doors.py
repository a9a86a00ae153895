"""Every door: as many sessions as there were visits, each with the client's port, and ended when the client has left."""

import socket

import pytest
from websockets.sync.client import connect

ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})
"""
UVICORN = ["uvicorn", "app:app", "--port", "{port}"]
ASGI_SERVERS = {
    f"uvicorn {loop} {http} {ws}": [*UVICORN, "--loop", loop, "--http", http, "--ws", ws]
    for loop, http, ws in [
        ("asyncio", "h11", "websockets"),
        ("asyncio", "httptools", "websockets-sansio"),
        ("asyncio", "httptools", "wsproto"),
        ("uvloop", "h11", "websockets-sansio"),
        ("uvloop", "httptools", "wsproto"),
    ]
} | {
    "hypercorn": ["hypercorn", "app:app", "--bind", "127.0.0.1:{port}"],
    "gunicorn": ["gunicorn", "app:app", "-k", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:{port}"],
}

AIOHTTP = """
import sys
from aiohttp import web

async def index(request):
    return web.Response(text="done")

async def chat(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(message.data)
    return ws

app = web.Application()
app.add_routes([web.get("/", index), web.get("/ws", chat)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
WEBSOCKETS = """
import asyncio, sys
from websockets.asyncio.server import serve

async def chat(connection):
    async for message in connection:
        await connection.send(message)

async def main():
    async with serve(chat, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Event().wait()

asyncio.run(main())
"""
WEBSOCKETS_SYNC = """
import sys
from websockets.sync.server import serve

def chat(connection):
    for message in connection:
        connection.send(message)

with serve(chat, "127.0.0.1", int(sys.argv[1])) as server:
    server.serve_forever()
"""
STREAMS = """
import asyncio, sys

async def chat(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(chat, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""
IN_APP = """
import asyncio, sys
import overstay_probe

class Chat(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.stay = overstay_probe.session(client=transport.get_extra_info("peername"))
        self.stay.__enter__()
    def data_received(self, data):
        self.transport.write(data)
    def connection_lost(self, error):
        self.stay.__exit__(None, None, None)

async def main():
    server = await asyncio.get_running_loop().create_server(Chat, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""


def chat_over_websocket(port, path="/ws"):
    """Chat once, leave properly, and return the client's port."""
    with connect(f"ws://127.0.0.1:{port}{path}", proxy=None) as client:
        client.send("hello")
        assert client.recv() == "hello"
        return client.local_address[1]


def chat_over_tcp(port):
    """Chat once, leave, and return the client's port."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"hello\n")
        assert client.recv(100) == b"hello\n"
        return client.getsockname()[1]


def rows_of(served):
    served.quiet()
    rows = served.ask("journal")
    began = {row[1]: row for row in rows if row[0] == "began"}
    ended = {row[1] for row in rows if row[0] == "ended"}
    assert set(began) == ended
    return list(began.values())


@pytest.mark.parametrize("server", ASGI_SERVERS)
def test_asgi_server_opens_a_session_per_request_and_per_websocket(lab, server):
    """One HTTP request and two WebSockets are three sessions, with the clients' ports."""
    served = lab.start(ASGI, ASGI_SERVERS[server])
    served.links(least=2 if server == "gunicorn" else 1)  # its master has a door, too: that of its control socket
    assert served.get("/page") == b"done"
    ports = [chat_over_websocket(served.port) for _ in range(2)]
    rows = rows_of(served)
    assert [(row[2], row[3], row[4]) for row in rows] == [("asgi", "http", "/page")] + [
        ("asgi", "websocket", "/ws")
    ] * 2
    assert [row[5] for row in rows[1:]] == ports


@pytest.mark.parametrize(
    ("source", "door", "chat"),
    [
        pytest.param(AIOHTTP, "aiohttp", chat_over_websocket, id="aiohttp"),
        pytest.param(WEBSOCKETS, "websockets", chat_over_websocket, id="websockets"),
        pytest.param(WEBSOCKETS_SYNC, "websockets", chat_over_websocket, id="websockets-sync"),
        pytest.param(STREAMS, "asyncio streams", chat_over_tcp, id="start_server"),
        pytest.param(IN_APP, "session()", chat_over_tcp, id="session"),
    ],
)
def test_server_opens_a_session_per_connection(lab, source, door, chat):
    """Two clients are two sessions, with the clients' ports."""
    served = lab.start(source)
    chat(served.port)  # a door that the application has made itself opens with its first client
    served.links()
    rows_of(served)  # that client's, when it was still open as the link came
    ports = [chat(served.port) for _ in range(2)]
    rows = rows_of(served)
    assert [row[2] for row in rows] == [door] * 2
    assert [row[5] for row in rows] == ports


def test_every_request_on_a_kept_connection_is_its_own_session(lab):
    """Keep-alive does not join two requests: the session is set at the door and never inherited."""
    served = lab.start(ASGI, UVICORN)
    served.links()
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        for _ in range(3):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while b"0\r\n\r\n" not in client.recv(4096):
                pass
    assert len(rows_of(served)) == 3


def test_each_worker_of_uvicorn_reports(lab):
    """Two workers are two links, and together they have seen every visit."""
    served = lab.start(ASGI, [*UVICORN, "--workers", "2"])
    links = served.links(least=2)
    for _ in range(8):
        assert served.get() == b"done"
    rows = [row for link in links.values() for row in link.ask("journal") if row[0] == "began"]
    assert len(rows) == 8


def test_reloaded_process_reports(lab):
    """The reloader is only a parent; the process that serves opens the door."""
    served = lab.start(ASGI, [*UVICORN, "--reload"])
    served.links()
    served.get()
    assert len(rows_of(served)) == 1
    assert set(served.links()) != {served.process.pid}


def test_forked_server_has_a_ledger_of_its_own(lab):
    """A child forked by multiprocessing after a session forgets its parent's and links anew."""
    source = """
    import asyncio, multiprocessing, sys

    async def chat(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def main(port, started=None):
        server = await asyncio.start_server(chat, "127.0.0.1", port)
        if started:
            started.set()
        await server.serve_forever()

    async def once():
        server = await asyncio.start_server(chat, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x" + bytes([10]))
        await reader.read()
        writer.close()
        server.close()

    if __name__ == "__main__":
        asyncio.run(once())
        context = multiprocessing.get_context("fork")
        child = context.Process(target=lambda: asyncio.run(main(int(sys.argv[1]))), daemon=True)
        child.start()
        child.join()
    """
    served = lab.start(source)
    chat_over_tcp(served.port)
    links = served.links(least=2)
    child = next(link for pid, link in links.items() if pid != served.process.pid)
    assert child.ask("look")["given"] == 1


def test_python_process_without_a_door_only_says_that_it_was_there(lab):
    """A tool of the server's own costs nothing and opens no link."""
    served = lab.start(
        ASGI.replace(
            "async def app", "import subprocess, sys\nsubprocess.run([sys.executable, '-c', '0'])\nasync def app"
        ),
        UVICORN,
    )
    served.links()
    assert len(list(lab.run.glob("*.entered"))) == 2
    assert len(list(lab.run.glob("*.json"))) == 1


def test_sitecustomize_of_the_environment_still_runs(lab):
    """An existing sitecustomize is chained, not replaced."""
    (lab.folder / "own").mkdir()
    (lab.folder / "own" / "sitecustomize.py").write_text("import sys\nsys.theirs = True\n")
    environment = {"PYTHONPATH": f"{lab.run / 'boot'}:{lab.folder / 'own'}"}
    served = lab.start("import sys\nassert sys.theirs\n" + ASGI, UVICORN, environment=environment)
    served.links()
    served.get()
    assert len(rows_of(served)) == 1


def test_control_channel_refuses_a_wrong_token_and_other_users(lab):
    """Without the token there is no answer, and the socket and its folder are the owner's only."""
    served = lab.start(ASGI, UVICORN)
    served.links()
    path = lab.run / f"{served.process.pid}.sock"
    assert path.stat().st_mode & 0o077 == 0
    assert (lab.run / f"{served.process.pid}.json").stat().st_mode & 0o077 == 0
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b'{"token": "wrong", "ask": "hello"}\n')
        assert client.recv(1000) == b'{"error": "token"}\n'
        assert client.recv(1000) == b""
