"""The checklist on the screen: every item in the user's order, what was looked at, and what to do."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from overstay.checks.checklist import ALSO, CAUSES, FIXED, ITEMS, SERVER, STEPS, SUSPECTS
from overstay.findings import Finding, Report, Result, Status
from overstay.messages import Speaker
from overstay.report.block import where
from overstay.report.excerpt import without_comment
from overstay.report.grouping import by_line
from overstay.report.sheet import Sheet

_STYLE: dict[Status, str] = {
    "severe": "bold red",
    "warning": "bold yellow",
    "fine": "green",
    "does-not-apply": "",
    "not-checked": "dim",
}
_RANK: tuple[Status, ...] = ("severe", "warning", "fine", "does-not-apply", "not-checked")
_PARTS = (("suspects", SUSPECTS), ("steps", STEPS), ("causes", CAUSES), ("fixed", FIXED))


def write_checklist(report: Report, say: Speaker, sheet: Sheet) -> None:
    """Write the checklist: an item a line, and below it what is to be fixed."""
    writer = _Writer(report, say, sheet)
    for part, items in _PARTS:
        writer.part(part, items)
    writer.others()


class _Writer:
    def __init__(self, report: Report, say: Speaker, sheet: Sheet) -> None:
        self._report = report
        self._say = say
        self._sheet = sheet
        self._width = max(cell_len(say(f"check.status.{status}")) for status in _RANK) + 2

    def part(self, name: str, items: Iterable[str]) -> None:
        """Write one part of the checklist; of a server, only what it or a check has answered."""
        answered = {result.item for result in self._report.checks} | SERVER
        if not (self._report.is_of_project or answered & set(items)):
            return
        self._sheet.paragraph(self._say(f"check.part.{name}"), style="bold")
        for item in items:
            self._item(item)
        self._sheet.blank()

    def others(self) -> None:
        """Write what checks said that are on no checklist: ours about the settings, and those of others."""
        others = [result for result in self._report.checks if result.item not in ITEMS]
        if not others:
            return
        self._sheet.paragraph(self._say("check.part.others"), style="bold")
        for result in sorted(others, key=lambda each: _RANK.index(each.status)):
            self._result(result, "")
        self._sheet.blank()

    def _item(self, item: str) -> None:
        name = self._name(item)
        results = [result for result in self._report.checks if result.item == item]
        seen = self._seen(item)
        for result in sorted(results, key=lambda each: _RANK.index(each.status)):
            self._result(result, name)
        for finding in seen:
            status: Status = "severe" if finding.severity == "severe" else "warning"
            self._line(status, f"{name}{self._say('list.colon')}{where(finding, self._say)}")
        if not results and not seen and (self._report.is_of_project or item in SERVER):
            self._line(*self._unanswered(item, name))

    def _name(self, item: str) -> str:
        name = self._say(f"item.{item}")
        also = [self._say(f"item.{other}") for other in ALSO.get(item, ())]
        return self._say("item.also", name=name, also=self._say("list.comma").join(also)) if also else name

    def _seen(self, item: str) -> list[Finding]:
        """Return what the scan and the visits found about a suspect, the worst of each line.

        The checks' own findings are their results.
        """
        found = by_line(
            finding
            for finding in self._report.findings
            if finding.kind != "project" and finding.severity != "fine" and f"suspect-{finding.suspect}" == item
        )
        return [group[0] for group in found]

    def _unanswered(self, item: str, name: str) -> tuple[Status, str]:
        """Return what an item says that no check has answered: a visited server has, an unvisited one may."""
        colon = self._say("list.colon")
        if item in SERVER and self._report.run.visits and self._report.target.inside:
            return "fine", name + colon + self._say("check.seen-on-server", visits=self._report.run.visits)
        # Where a server was visited, only the outside of it was seen.
        how = self._say("check.add-url" if self._report.target.url is None else "check.add-ledger")
        if item in SUSPECTS and self._report.scan is not None and self._report.scan.files:
            return "fine", name + colon + self._say("check.seen-in-source", files=self._report.scan.files, how=how)
        slug = "check.needs-server" if item in SERVER else "check.nothing"
        return "not-checked", name + colon + self._say(slug, how=how)

    def _result(self, result: Result, name: str) -> None:
        say, colon = self._say, self._say("list.colon")
        title = f"{name}{colon}{result.title}" if name else result.title
        self._line(result.status, say("check.at", title=title, site=result.site) if result.site else title)
        indent = self._width + 2
        if result.site and result.site.code and result.is_problem:
            self._sheet.code(without_comment(result.site.code), indent=indent + 2)
        for text in (*result.details, *result.evidence):
            self._sheet.paragraph(text, indent=indent, first="- ")
        if result.fix is not None:
            self._sheet.paragraph(result.fix.summary, indent=indent, first=f"{say('screen.fix')}{colon}", style="green")
            for line in (result.fix.diff or "").splitlines():
                self._sheet.paragraph(line, indent=indent + 2)

    def _line(self, status: Status, text: str) -> None:
        label = set_cell_size(self._say(f"check.status.{status}"), self._width)
        self._sheet.paragraph(text, indent=2, first=label, style=_STYLE[status])
