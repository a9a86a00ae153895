"""Which sessions ran which closers, and of which classes: what the processes of the target told."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from overstay.judge.sessions import Key

MADE = "__init__"
Method = tuple[str, str, str]
"""A method: its file, the qualified name of its class, and its name."""


@dataclass(frozen=True, slots=True)
class Closable:
    """A class of the application: where it is, the closers that it has, and which of its methods are watched."""

    file: str
    name: str
    closers: tuple[str, ...]
    watched: frozenset[str]

    @property
    def own_name(self) -> str:
        """Return its name without what it is nested in."""
        return self.name.rpartition(".")[2]


class Closing:
    """The classes with their closers, and the sessions that ran those; a session of number 0 is none."""

    def __init__(self) -> None:
        self._classes: dict[tuple[str, str], Closable] = {}
        self._families: dict[tuple[str, str], set[tuple[int, int]]] = {}
        self._since: dict[tuple[int, int, str], int] = {}
        self._ran: dict[tuple[int, int, str], set[int]] = {}
        self._files: set[str] = set()

    def learn(self, pid: int, answer: Mapping[str, Any]) -> None:
        """Take over the classes that a process knows."""
        names, classes = {}, answer["classes"]
        self._files.update(answer["files"])
        for told in classes:
            known = Closable(told["file"], told["name"], tuple(told["closers"]), frozenset(told["watched"]))
            names[told["number"]] = known.file, known.name
            self._classes[known.file, known.name] = known
            self._since |= {(pid, told["number"], method): since for method, since in told["watched"].items()}
        for told in classes:
            for number in told["lineage"]:
                self._families.setdefault(names[number], set()).add((pid, told["number"]))

    def note(self, pid: int, session: int, number: int, method: str) -> None:
        """Take note that a session of a process ran a method of a class."""
        self._ran.setdefault((pid, number, method), set()).add(session)

    @property
    def files(self) -> tuple[str, ...]:
        """Return the source files of the application."""
        return tuple(sorted(self._files))

    def class_of(self, file: str, function: str) -> Closable | None:
        """Return the class that a function is a method of, or lies within one; None where it is not known."""
        parts = function.split(".")
        names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((known for name in names if (known := self._classes.get((file, name)))), None)

    def runners(self, of: Closable, method: str) -> set[Key]:
        """Return the sessions that ran a method of a class, or of one derived from it."""
        family = self._families.get((of.file, of.name), ())
        return {(pid, session) for pid, number in family for session in self._ran.get((pid, number, method), ())}

    def watched(self, of: Closable, method: str, sessions: Iterable[Key]) -> set[Key]:
        """Return those sessions that began when a method of a class was watched already."""
        family = self._families.get((of.file, of.name), ())
        since: dict[int, int] = {}
        for pid, number in family:
            if (pid, number, method) in self._since:
                since[pid] = min(self._since[pid, number, method], since.get(pid, sys.maxsize))
        return {(pid, number) for pid, number in sessions if since.get(pid, sys.maxsize) < number}
