"""The sheet that a report is written on: lines that fit the screen, and never markup from the server under test."""

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from overstay.report.wrapping import folded, visible

_WIDEST = 110
_NARROWEST = 40


class Sheet:
    """Writes paragraphs on a console, as wide as it is but no wider than reads well."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = max(_NARROWEST, min(console.width, _WIDEST))

    def blank(self) -> None:
        """Write an empty line."""
        self._write("", "")

    def paragraph(self, text: str, *, indent: int = 0, first: str = "", style: str = "") -> None:
        """Write `text`, folded; `first` begins the first line and indents the others by its width."""
        hang = indent + cell_len(first)
        lines = folded(visible(text), self._width - hang)
        self._write(" " * indent + first + lines[0], style)
        for line in lines[1:]:
            self._write(" " * hang + line, style)

    def row(self, label: str, text: str, *, width: int, style: str = "") -> None:
        """Write `text` beside its label, which takes `width` cells."""
        self.paragraph(text, indent=2, first=set_cell_size(label, width), style=style)

    def cells(self, texts: list[str], widths: list[int]) -> None:
        """Write one line of a table: all but the first and the last cell end at the right of their column."""
        row = set_cell_size(texts[0], widths[0])
        for text, width in zip(texts[1:-1], widths[1:], strict=True):
            row += " " * (width - cell_len(text)) + text
        self._write(f"  {row}  {texts[-1]}", "")

    def code(self, text: str, *, indent: int) -> None:
        """Write one line of the server's source, cut where the screen ends."""
        self.line(" " * indent + text.strip(), style="cyan")

    def line(self, text: str, *, style: str = "") -> None:
        """Write one line, cut where the screen ends."""
        line = Text(visible(text), style=style)
        line.truncate(self._width, overflow="ellipsis")
        self._console.print(line, soft_wrap=True)

    def verbatim(self, text: str) -> None:
        """Write one line as long as it is: a diff that is folded or cut is no diff any more."""
        self._write(visible(text), "")

    def _write(self, line: str, style: str) -> None:
        self._console.print(Text(line, style=style), soft_wrap=True)
