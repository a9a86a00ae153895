"""The line that says what the tool is doing: a bar on a terminal, a line a step elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from overstay.messages import Speaker


class ProgressLine:
    """Shows the steps of the catalogue's `progress` section on standard error."""

    def __init__(self, say: Speaker) -> None:
        self._say = say
        self._console = Console(stderr=True, highlight=False)
        self._shown = ""
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._step = self._bar.add_task("", total=None)

    def __enter__(self) -> "ProgressLine":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, slug: str, *, done: float = 0, total: float = 0, **values: object) -> None:
        """Show a step; elsewhere than on a terminal only when it is another one than before."""
        text = self._say(f"progress.{slug}", done=int(done), total=int(total), **values)
        self._bar.update(self._step, description=text, completed=done, total=total or None)
        if not self._console.is_terminal and slug != self._shown:
            self._console.print(text, markup=False)
        self._shown = slug
