"""What went wrong inside the probe: kept for the tool to tell, never raised into the application."""

_disarmed: dict[str, str] = {}


def disarm(what: str, error: BaseException) -> None:
    """Remember that a hook failed, so that it is left out from now on; the first reason is kept."""
    _disarmed.setdefault(what, f"{type(error).__name__}: {error}")


def is_armed(what: str) -> bool:
    """Tell whether a hook is still trusted."""
    return what not in _disarmed


def disarmed() -> dict[str, str]:
    """Return the hooks that failed and why."""
    return dict(_disarmed)
