"""What pages do, a kind for each number: all that the server offers, in both protocols and in the proxy's room."""

from __future__ import annotations

import json
from typing import Any

SUM = ("what is {} times 7?", "{}乘以7等于多少？")
STORY = ("tell me a story", "讲一个故事")
HELLO = ("hello", "你好")
CHARACTERS = ("en_brook.yaml", "zh_xiaoxi.yaml")


async def visit(client: Any) -> None:
    """The visit of this number's kind."""
    await KINDS[client.n % len(KINDS)](client)


async def open_native(client: Any) -> None:
    """Say hello, and be welcomed."""
    await client.connect("/v1/ws")
    await client.send({"type": "hello", "version": 1, "lang": ("en", "zh")[client.n % 2], "audio": client.n % 3 == 0})
    await client.expect('"welcome"', timeout=20)


async def ask(client: Any, texts: tuple[str, str], number: int = 0) -> None:
    """Say something, and wait for the end of the turn."""
    await say(client, texts, number)
    async with client.reply():
        await client.expect('"turn.end"', timeout=20)


async def say(client: Any, texts: tuple[str, str], number: int = 0) -> None:
    """Say something in the language of this number."""
    text = texts[client.n % 2].format(client.n % 90)
    await client.send({"type": "say", "id": f"{client.n}-{number}", "text": text})


async def native_chat(client: Any) -> None:
    """Two short turns."""
    await open_native(client)
    await ask(client, HELLO)
    await ask(client, HELLO, 1)


async def native_tool(client: Any) -> None:
    """A turn in which a tool is called, on an MCP server."""
    await open_native(client)
    await say(client, SUM)
    async with client.reply():
        await client.expect('"completed"', timeout=20)
        await client.expect('"turn.end"', timeout=20)


async def native_interrupt(client: Any) -> None:
    """An interruption in the middle of a story, and a turn after it."""
    await open_native(client)
    await say(client, STORY)
    await client.expect('"sentence"', timeout=20)
    await client.send({"type": "interrupt"})
    await client.expect('"interrupted"', timeout=20)
    await ask(client, HELLO, 1)


async def native_switch(client: Any) -> None:
    """Another character in the middle of a turn, and a turn with it."""
    await open_native(client)
    await say(client, STORY)
    await client.expect('"turn.start"', timeout=20)
    await client.send({"type": "character.switch", "id": "switch", "character": CHARACTERS[client.n % 2]})
    await client.expect('"character"', timeout=20)
    await ask(client, HELLO, 1)


async def native_histories(client: Any) -> None:
    """A turn, and a look at the histories; the history is deleted in the end."""
    await open_native(client)
    await ask(client, HELLO)
    await client.send({"type": "history.search", "id": "search", "query": "你好"})
    await client.expect('"history.search"', timeout=20)
    await client.send({"type": "history.new", "id": "new"})
    history = json.loads(await client.expect('"history.open"', timeout=20))["history"]
    await client.send({"type": "history.delete", "id": "delete", "history": history})
    await client.expect('"history.delete"', timeout=20)


async def native_resume(client: Any) -> None:
    """A connection that is lost in the middle of a story; the next one takes the session over."""
    await client.connect("/v1/ws")
    await client.send({"type": "hello", "version": 1})
    welcome = json.loads(await client.expect('"welcome"', timeout=20))
    await say(client, STORY)
    await client.expect('"sentence"', timeout=20)
    await client.connect("/v1/ws")
    await client.send({"type": "hello", "version": 1, "resume": welcome["resume"], "last_seq": 0})
    await client.expect('"resumed": true', timeout=20)
    async with client.reply():
        await client.expect('"turn.end"', timeout=20)


async def native_bye(client: Any) -> None:
    """A page that loads its files, chats, and says goodbye."""
    for path in ("/", "/app.js", "/healthz"):
        await client.connect(path, method="GET")
        await client.receive()
    await open_native(client)
    await ask(client, HELLO)
    await client.send({"type": "bye"})


async def other_chat(client: Any) -> None:
    """Open-LLM-VTuber: a short turn."""
    await client.connect("/client-ws")
    await other_ask(client, HELLO)


async def other_ask(client: Any, texts: tuple[str, str]) -> None:
    """Open-LLM-VTuber: say something, and wait for the end of the conversation chain."""
    await client.send({"type": "text-input", "text": texts[client.n % 2].format(client.n % 90)})
    async with client.reply():
        await client.expect("conversation-chain-end", timeout=20)


async def other_interrupt(client: Any) -> None:
    """Open-LLM-VTuber: an interruption, another character, and a tool."""
    await client.connect("/client-ws")
    await client.send({"type": "text-input", "text": STORY[client.n % 2]})
    await client.expect("display_text", timeout=20)
    await client.send({"type": "interrupt-signal", "text": "Once"})
    await client.expect("conversation-chain-end", timeout=20)
    await client.send({"type": "switch-config", "file": CHARACTERS[client.n % 2]})
    await client.expect("config-switched", timeout=20)
    await other_ask(client, SUM)


async def room_chat(client: Any) -> None:
    """A seat in the proxy's room, and something said in it."""
    await client.connect("/proxy-ws")
    await other_ask(client, HELLO)


async def room_look(client: Any) -> None:
    """A seat in the proxy's room, and a look at who is here."""
    await client.connect("/proxy-ws")
    await client.send({"type": "request-group-info"})
    await client.expect("group-update", timeout=20)


KINDS = (
    native_chat,
    native_tool,
    native_interrupt,
    native_switch,
    native_histories,
    native_resume,
    native_bye,
    other_chat,
    other_interrupt,
    room_chat,
    room_look,
)
