"""The row that every kind reports."""

from typing import Any

from overstay_probe._site import Site


def row(kind: str, session: int, site: Site, **detail: Any) -> dict[str, Any]:
    """Return a holding as plain data; `detail` is the kind's own."""
    return {"kind": kind, "session": session, "site": site.number, "detail": detail}
