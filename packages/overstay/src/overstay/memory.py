"""What a census of the target's memory told: how long its containers are, and what holds what stayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overstay import placement
from overstay.judge.sessions import Key
from overstay.observation import Address, Place, place_of

SHARED = "shared-object"
"""The pin of what grows on an object that all sessions use."""


@dataclass(frozen=True, slots=True)
class Window:
    """The lengths of all containers after so many sessions and messages; of a place, that of what it refers to.

    `referred` says where what a place refers to is.
    """

    sessions: int
    messages: int
    lengths: Mapping[Address, int] = field(default_factory=dict)
    referred: Mapping[Address, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Via:
    """A holding of ended sessions that a trace passes through."""

    kind: str
    place: Place
    sessions: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One reference of a trace: as written, without keys and numbers, and whether it is the one to blame."""

    text: str
    shape: str
    owner: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What one chain of references keeps: session objects of `sessions`, or `containers` that grow, or both.

    `file`, `name` and `holder` say where the owner is written; `bytes` is what would be freed without it.
    """

    shape: str
    root: str
    references: tuple[Line, ...]
    file: str
    name: str
    holder: str
    containers: tuple[Address, ...]
    kind: str
    sessions: tuple[Key, ...]
    roles: Mapping[str, int]
    via: Via | None
    pin: str | None
    bound: Mapping[str, Any] | None
    bytes: int


def held_of(pid: int, answer: Mapping[str, Any]) -> list[Held]:
    """Return what one process told."""
    return [_held(pid, told, answer.get("sites", {})) for told in answer.get("held", ())]


def _held(pid: int, told: Mapping[str, Any], sites: Mapping[str, Any]) -> Held:
    via = told["via"]
    site = sites.get(str(via["site"])) if via else None
    name, holder, file = _filled(told)
    return Held(
        shape=told["shape"],
        root=told["root"],
        references=tuple(Line(line["text"], line["shape"], line["owner"]) for line in told["references"]),
        file=file,
        name=name,
        holder=holder,
        containers=tuple((pid, number) for number in told["containers"]),
        kind=told["kind"],
        sessions=tuple((pid, number) for number in told["sessions"]),
        roles=told["roles"],
        via=Via(via["kind"], place_of(site), tuple((pid, number) for number in via["sessions"])) if site else None,
        pin=told["pin"],
        bound=told["bound"],
        bytes=told["bytes"],
    )


def _filled(told: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return name, holder and source file of what is filled: the application's own, or else what a library fills.

    What is made anew each time is filled where it is assigned, and the application's own is.
    """
    names = told["names"]
    is_made_anew = any(type(key) is str for key in told["containers"])
    filled = [] if is_made_anew else [each for each in names if placement.fills(each[2], each[0])]
    name, holder, file = (filled or names)[0]
    return name, holder, file


def merged(held: list[Held]) -> list[Held]:
    """Return one for each shape, whichever process it was seen in."""
    by_shape: dict[str, list[Held]] = {}
    for each in held:
        by_shape.setdefault(each.shape, []).append(each)
    return [_together(parts) for parts in by_shape.values()]


def _together(parts: list[Held]) -> Held:
    first = parts[0]
    if len(parts) == 1:
        return first
    roles: dict[str, int] = {}
    for part in parts:
        for role, count in part.roles.items():
            roles[role] = roles.get(role, 0) + count
    return Held(
        shape=first.shape,
        root=first.root,
        references=first.references,
        file=first.file,
        name=first.name,
        holder=first.holder,
        containers=tuple(address for part in parts for address in part.containers),
        kind=first.kind,
        sessions=tuple(key for part in parts for key in part.sessions),
        roles=roles,
        via=first.via,
        pin=first.pin,
        bound=first.bound,
        bytes=sum(part.bytes for part in parts),
    )
