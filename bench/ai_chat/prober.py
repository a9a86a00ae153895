"""Asks a server every few milliseconds whether it is there: `prober.py PORT`. Tells how long each answer took.

Two questions, in turn: a ping frame of WebSocket's, which the server answers in the pass of its loop that reads it, so
that the answer takes as long as the loop lags, and what the way takes; and a `ping` of the application's, which goes
through the session. A process of its own, so that no work of the clients' delays it. It asks on time whether or not the
answers before have come, on several pages in turn: none of them asks more often than the server's limits allow. Ends
with its input.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

import wire

EVERY = 0.005
PAGES = 8
KINDS = ("frame", "session")


class Asker:
    """A page that asks. A sample: which question, when it was asked, what the answer took, how late it was asked."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.samples: list[tuple[str, float, float, float]] = []
        self._asked: dict[str, tuple[str, float, float]] = {}
        self._count = 0
        self._rest = b""
        self.socket.sendall(wire.handshake("/v1/ws"))
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.socket.recv(65_536)
        self._rest = b""
        self.socket.sendall(wire.frame(wire.TEXT, b'{"type": "hello", "version": 1}'))

    def ask(self, kind: str, late: float) -> None:
        """Ask, so late."""
        self._count += 1
        name = str(self._count)
        if kind == "frame":
            frame = wire.frame(wire.PING, name.encode())
        else:
            frame = wire.frame(wire.TEXT, json.dumps({"type": "ping", "id": name}).encode())
        self._asked[name] = kind, time.monotonic(), late
        self.socket.sendall(frame)

    def read(self) -> None:
        """Take what has come."""
        received = self.socket.recv(65_536)
        now = time.monotonic()
        assert received, "the server closed the prober's page"
        frames, self._rest = wire.split(self._rest + received)
        for opcode, payload in frames:
            if opcode == wire.PING:
                self.socket.sendall(wire.frame(wire.PONG, payload))
            elif opcode == wire.PONG:
                self._note(payload.decode(), now)
            elif payload.startswith(b'{"type": "pong"'):
                self._note(json.loads(payload)["id"], now)

    def _note(self, name: str, now: float) -> None:
        kind, asked, late = self._asked.pop(name)
        self.samples.append((kind, asked, now - asked, late))


def main() -> None:
    """Ask until the input ends; then tell all samples as JSON."""
    askers = [Asker(int(sys.argv[1])) for _ in range(PAGES)]
    by_number = {asker.socket.fileno(): asker for asker in askers}
    poll = select.poll()
    for number in [*by_number, sys.stdin.fileno()]:
        poll.register(number, select.POLLIN)
    print("ready", flush=True)
    due, turn, goes_on = time.monotonic(), 0, True
    while goes_on:
        for number, _ in poll.poll(max(0.0, due - time.monotonic()) * 1e3):
            if number in by_number:
                by_number[number].read()
            else:
                goes_on = False
        late = time.monotonic() - due
        if late >= 0:
            askers[turn // 2 % PAGES].ask(KINDS[turn % 2], late)
            turn += 1
            due += max(EVERY / 2, late)
    print(json.dumps([sample for asker in askers for sample in asker.samples]), flush=True)


if __name__ == "__main__":
    main()
