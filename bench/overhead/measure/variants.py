"""The ways in which the one server is started."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

SERVER_FOLDER = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Variant:
    """One way to start the server.

    `instruments` are what `/instruments` must then name, no more and no less. A `slow` one costs a multiple, so its
    laps are as short as they can be: about as much CPU as those of the others.
    """

    name: str
    title: str
    launcher: tuple[str, ...] = ()
    python_options: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()
    application: str = "server:app"
    slow: bool = False
    instruments: frozenset[str] = frozenset()

    def command(self, python: Path, *, port: int, loop: str) -> list[str]:
        """Return the command that serves the chat on `port` under this variant."""
        uvicorn = ["-m", "uvicorn", "--app-dir", str(SERVER_FOLDER), self.application, "--port", str(port)]
        protocols = ["--loop", loop, "--ws", "websockets-sansio", "--http", "httptools"]
        quiet = ["--no-access-log", "--log-level", "warning"]
        return [*self.launcher, str(python), *self.python_options, *self.runner, *uvicorn, *protocols, *quiet]

    def surroundings(self, scratch: Path) -> dict[str, str]:
        """Return the environment of the server: ours without anything that would change Python or uvicorn."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "UVICORN_", "OVERSTAY"))}
        kept.pop("WEB_CONCURRENCY", None)
        return kept | {"TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}


def all_variants(scratch: Path, overstay: Path | None = None) -> list[Variant]:
    """Return the variants, `none` first. `null` is `none` once more: what it differs by is noise."""
    tool = overstay or Path(sys.executable).parent / "overstay"
    recording = ("-m", "memray", "run", "--quiet", "--force", "--no-compress", "--output", str(scratch / "memray.bin"))
    return [
        Variant("none", "no instrument"),
        Variant("null", "no instrument, a second server"),
        Variant("overstay", "overstay run", launcher=(str(tool), "run", "--"), instruments=frozenset({"overstay"})),
        Variant(
            "closely",
            "overstay run --closely",
            launcher=(str(tool), "run", "--closely", "--"),
            instruments=frozenset({"overstay"}),
        ),
        Variant("memray", "memray run", runner=recording, instruments=frozenset({"memray"})),
        Variant(
            "tracemalloc",
            "tracemalloc(1)",
            python_options=("-X", "tracemalloc=1"),
            slow=True,
            instruments=frozenset({"tracemalloc"}),
        ),
        Variant(
            "aiomonitor",
            "aiomonitor, hook_task_factory",
            application="monitored:app",
            slow=True,
            instruments=frozenset({"aiomonitor"}),
        ),
        Variant(
            "debug",
            "asyncio debug mode",
            application="debugged:app",
            slow=True,
            instruments=frozenset({"debug"}),
        ),
    ]
