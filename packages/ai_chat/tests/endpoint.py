"""An endpoint of OpenAI's chat completions that misbehaves as the last message asks."""

import asyncio
import json
from contextlib import asynccontextmanager

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
UNTIL_CLOSED = f"{HEAD}Connection: close\r\n\r\n".encode()
DONE = b"data: [DONE]\n\n"


def event(value):
    """A server-sent event: bytes as they are, anything else as JSON."""
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def piece(text=None, *, finish=None, **delta):
    """The event of one piece of an answer."""
    if text is not None:
        delta["content"] = text
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def tool_call(arguments, **changes):
    """The event of one fragment of a tool call."""
    function = {"name": "current_time", "arguments": arguments}
    return piece(tool_calls=[{"index": 0, "id": "call", "function": function, **changes}])


def status(code, *headers):
    """An answer that is only a status."""
    told = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {code} No\r\n{told}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


class Silence:
    """Begins like this, then says nothing and waits until the client has gone."""

    def __init__(self, begin=b""):
        self.begin = begin


class Endless:
    """Begins like this, then says the same for ever."""

    def __init__(self, begin, again, *, every=0.0):
        self.begin = begin
        self.again = again
        self.every = every


ANSWER = (piece("Hello "), piece("there."), piece(finish="stop"), DONE)
STREAM = UNTIL_CLOSED + piece("One. ")
MANNERS = {
    "silent": Silence(),
    "silent after the head": Silence(UNTIL_CLOSED),
    "silent in the middle": Silence(STREAM),
    "only comments": Endless(UNTIL_CLOSED, b": still here\n\n", every=0.05),
    "429": status(429),
    "429 for a while": status(429, "Retry-After: 7"),
    "429 until a date": status(429, "Retry-After: Wed, 21 Oct 2065 07:28:00 GMT"),
    "429 with nonsense": status(429, "Retry-After: " + "9" * 5_000),
    "500": status(500),
    "401": status(401),
    "403": status(403),
    "404": status(404),
    "redirect": status(302, "Location: /elsewhere"),
    "closed at once": b"",
    "closed in the head": b"HTTP/1.1 200 OK\r\nConte",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "cut between events": STREAM,
    "cut in an event": STREAM + b'data: {"cho',
    "cut in a chunk": CHUNKED + b"400\r\n" + piece("One. "),
    "error in the stream": STREAM + event({"error": {"message": "overloaded", "code": 502}}),
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>\nWelcome\n</html>\n",
    "no stream": b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"choices": [{"message": {"content": "One."}}]}',
    "wrong compression": UNTIL_CLOSED.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection") + piece("One."),
    "no JSON": STREAM + event(b"{nonsense"),
    "nested too deeply": STREAM + event(b"[" * 100_000),
    "a number": STREAM + event(5),
    "a list": STREAM + event([1]),
    "null": STREAM + event(None) + piece("Two.", finish="stop"),
    "no choices": STREAM + event({}),
    "choices that are no list": STREAM + event({"choices": {"a": 1}}),
    "a choice that is no object": STREAM + event({"choices": [3]}),
    "no delta": STREAM + event({"choices": [{"index": 0}]}),
    "a text that is a number": STREAM + piece(5) + piece(finish="stop"),
    "a text that is a list": STREAM + piece(["Two."]) + piece(finish="stop"),
    "half a UTF-8 character": STREAM + event(b'{"choices": [{"delta": {"content": "\xe4\xbd"}}]}'),
    "cut in a UTF-8 character": STREAM + b'data: {"choices": [{"delta": {"content": "\xe4\xbd',
    "a call whose place is text": STREAM + tool_call("{}") + tool_call("{}", index="x") + piece(finish="tool_calls"),
    "a call whose id is a number": STREAM + tool_call("{}", id=7) + piece(finish="tool_calls"),
    "arguments that are an object": STREAM + tool_call({"timezone": "UTC"}) + piece(finish="tool_calls"),
    "nothing": UNTIL_CLOSED + piece("") + piece(finish="stop") + DONE,
    "only space": UNTIL_CLOSED + piece(" \n ") + piece(finish="stop") + DONE,
    "endless words": Endless(UNTIL_CLOSED, piece("word " * 100)),
    "endless letters": Endless(UNTIL_CLOSED, piece("a" * 1_000)),
    "endless dots": Endless(UNTIL_CLOSED, piece("." * 1_000)),
    "endless arguments": Endless(UNTIL_CLOSED, tool_call("1" * 1_000)),
    "endless at leisure": Endless(UNTIL_CLOSED, piece("One. "), every=0.05),
    "a character in halves": UNTIL_CLOSED + piece("Hi \ud83d") + piece("\ude00. ") + piece("\ud83d.", finish="stop"),
    "broken arguments": UNTIL_CLOSED + tool_call('{"timezone": ') + piece(finish="tool_calls"),
    "arguments in a list": UNTIL_CLOSED + tool_call("[1]") + piece(finish="tool_calls"),
    "calls without a place": UNTIL_CLOSED
    + piece(
        tool_calls=[
            {"id": name, "function": {"name": "current_time", "arguments": json.dumps({"timezone": name})}}
            for name in ("UTC", "Asia/Shanghai")
        ]
    )
    + piece(finish="tool_calls"),
    "no tool": UNTIL_CLOSED + tool_call("{}", function={"name": "dance"}) + piece(finish="tool_calls"),
}


class Endpoint:
    """What it was asked, and how many connections to it are open. `held` answers go on at `release`."""

    def __init__(self):
        self.url = ""
        self.asked = []
        self.connections = 0
        self.release = asyncio.Event()

    async def serve(self, reader, writer):
        """Answer one connection until the client, or the fault, ends it."""
        self.connections += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.connections -= 1

    async def _answer(self, reader, writer):
        """Answer one request; whether the connection can take another."""
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        messages = json.loads(await reader.readexactly(length))["messages"]
        self.asked.append(messages)
        manner = MANNERS.get(messages[-1]["content"])
        if manner is None:
            await self._answer_well(writer, is_held=messages[-1]["content"] == "held")
            return True
        if isinstance(manner, Silence):
            writer.write(manner.begin)
            await reader.read()
        elif isinstance(manner, Endless):
            writer.write(manner.begin)
            while True:
                writer.write(manner.again)
                await writer.drain()
                await asyncio.sleep(manner.every)
        else:
            writer.write(manner)
            await writer.drain()
        return False

    async def _answer_well(self, writer, *, is_held):
        writer.write(CHUNKED)
        for number, part in enumerate(ANSWER):
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await writer.drain()
            if is_held and number == 0:
                await self.release.wait()
        writer.write(b"0\r\n\r\n")


@asynccontextmanager
async def endpoint():
    """An endpoint on a free port."""
    one = Endpoint()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    async with server:
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield one
