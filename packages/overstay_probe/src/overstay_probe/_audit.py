"""One audit hook for every event that the probe listens to.

An audit hook can never be taken out and hears everything that the process does, so it is one dictionary look-up for
what nobody listens to, and it is silent for a thread that is inside a listener.
"""

import sys
from collections.abc import Callable
from typing import Any

from overstay_probe import _trouble

Listener = Callable[[tuple[Any, ...]], None]
_listeners: dict[str, Listener] = {}
_hooked = False


def listen(event: str, listener: Listener) -> None:
    """Call `listener` with the arguments of every audit event of this name; it runs before the event's action."""
    global _hooked  # noqa: PLW0603 - whether a thing that cannot be undone was done
    _listeners[event] = listener
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hear)


def deafen() -> None:
    """Stop listening; the hook stays, with nobody to call."""
    _listeners.clear()


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event in _listeners:
        try:
            _listeners[event](args)
        except Exception as error:  # an error here would forbid what the application is doing
            _trouble.disarm(event, error)
            _listeners.pop(event, None)
