"""The tool's end of the control channel: one connection to one process of the target."""

import asyncio
import json
from pathlib import Path
from typing import Any

VERSION = "overstay-link/1"
_LONGEST_ANSWER = 1 << 28
_PATIENCE = 30.0


class LinkLost(Exception):  # noqa: N818 - what happened, not an error: the process may just have ended
    """The process at the other end is gone, or does not speak our protocol."""


class Link:
    """A connection to one process that opened a door."""

    def __init__(self, pid: int, token: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.hello: dict[str, Any] = {}
        self._token = token
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._number = 0

    @classmethod
    async def attach(cls, address_file: Path) -> "Link":
        """Connect to the process that wrote this file and start its journal; raises LinkLost."""
        try:
            told = json.loads(await asyncio.to_thread(address_file.read_text, encoding="utf-8"))
            if told["link"] != VERSION:
                raise LinkLost(told["link"])
            reader, writer = await _connect(told["address"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LinkLost(str(error)) from error
        link = cls(int(told["pid"]), told["token"], reader, writer)
        link.hello = await link.ask("attach")
        return link

    async def ask(self, question: str, **fields: object) -> Any:
        """Return the answer to one question; raises LinkLost when there is none."""
        try:
            async with self._turn, asyncio.timeout(_PATIENCE):
                self._number += 1
                request = {"token": self._token, "number": self._number, "ask": question, **fields}
                self._writer.write(json.dumps(request).encode() + b"\n")
                await self._writer.drain()
                answer = await self._answer()
        except (OSError, ValueError, TimeoutError) as error:
            raise LinkLost(f"{question}: {error}") from error
        if "error" in answer:
            raise LinkLost(f"{question}: {answer['error']}")
        return answer["answer"]

    async def _answer(self) -> dict[str, Any]:
        """Return the answer to the last question; one before it may have been given up before it was answered."""
        while True:
            answer: dict[str, Any] = json.loads(await self._reader.readline())
            if answer.get("number", self._number) == self._number:
                return answer

    def close(self) -> None:
        """Let go of the process; its journal ends with the connection."""
        self._writer.close()


async def _connect(address: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address, limit=_LONGEST_ANSWER)
    return await asyncio.open_connection(address[0], int(address[1]), limit=_LONGEST_ANSWER)
