"""All checks together: one that fails says so, and the others go on."""

import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overstay.checks.check import Project
from overstay.checks.checklist import ITEMS, SERVER
from overstay.checks.checkup import check_up, entry_points, findings_of, of_project
from overstay.findings import Report
from overstay.messages import Speaker
from overstay.report import document

Make = Callable[..., Project]
ENGLISH = Speaker("en")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return an installer of one more check, as pip would do it, for the length of the test."""

    def installed(code: str) -> None:
        folder = tmp_path / "site"
        (folder / "guest-1.0.dist-info").mkdir(parents=True)
        (folder / "guest-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
        (folder / "guest-1.0.dist-info" / "entry_points.txt").write_text(
            "[overstay.checks]\nguest = guest_check:Guest\n"
        )
        (folder / "guest_check.py").write_text(textwrap.dedent(code))
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, "guest_check", raising=False)

    return installed


GOOD = """
    from overstay.checks.check import Result

    class Guest:
        name = "guest"

        def look(self, project, say):
            yield Result("guest", "uploads", "warning", f"{project.root.name} is seen", about="uploads")
"""
RAISES = """
    from overstay.checks.check import Result

    class Guest:
        name = "guest"

        def look(self, project, say):
            yield Result("guest", "uploads", "fine", "before")
            raise RuntimeError("no such thing")
"""
CANNOT_BE_MADE = "raise ImportError('half installed')"
YIELDS_NONSENSE = """
    class Guest:
        def look(self, project, say):
            return ["fine"]
"""


def test_a_check_of_somebody_else_is_found_and_its_warning_is_a_finding(
    make: Make, install: Callable[[str], None]
) -> None:
    """By its entry point, like ours."""
    install(GOOD)
    results = check_up(make(), ENGLISH)
    [told] = [each for each in results if each.check == "guest"]
    assert told.title == "project is seen"
    [finding] = [each for each in findings_of(results) if each.rule == "check-guest"]
    assert (finding.kind, finding.verdict, finding.severity) == ("project", "likely", "warning")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (RAISES, "RuntimeError: no such thing"),
        (CANNOT_BE_MADE, "ImportError: half installed"),
        (YIELDS_NONSENSE, "TypeError: str"),
    ],
)
def test_a_check_that_fails_is_not_checked_and_the_others_go_on(
    make: Make, install: Callable[[str], None], code: str, why: str
) -> None:
    """With its reason; what it said before stays."""
    ours = len(check_up(make(), ENGLISH))
    install(code)
    results = check_up(make(), ENGLISH)
    [told] = [each for each in results if each.check == "guest" and each.status == "not-checked"]
    assert told.title == f"The check guest failed and says nothing: {why}"
    assert len(results) == ours + (2 if code == RAISES else 1)


def test_without_time_nothing_is_said_to_be_well(make: Make) -> None:
    """What was not read may be as bad as it likes."""
    late = make({"app.py": "", "conf.yaml": "enable_proxy: false"}, deadline=time.monotonic() - 1)
    results = [each for each in check_up(late, ENGLISH) if each.check not in ("process", "network")]
    assert {each.status for each in results} == {"not-checked"}


def test_without_a_folder_only_checks_that_need_none_are_asked(make: Make) -> None:
    """A URL alone says nothing about the folder that the command happens to be given in."""
    asked = {each.check for each in check_up(make({"conf.yaml": "enable_proxy: true"}), ENGLISH, has_folder=False)}
    assert asked == {point.name for point in entry_points() if point.name in ("process", "network")}


def test_results_come_back_from_a_file_as_they_were(make: Make, tmp_path: Path) -> None:
    """The report's JSON has all of them, and is read back exactly."""
    files = {f"cache/{number}.wav": b"" for number in range(200)}
    report = of_project(check_up(make(files), ENGLISH), 0.5)
    assert report.verdict == "leak"
    assert report.exit_status == 1
    document.write(report, tmp_path / "report.json")
    back: Report = document.read(tmp_path / "report.json")
    assert back == report
    assert back.is_of_project


def test_the_identity_of_a_finding_does_not_depend_on_its_figures(make: Make) -> None:
    """A cache that has grown is still the same finding, so that a fix can be proved."""
    names = []
    for count in (200, 300):
        results = check_up(make({f"cache/{number}.wav": b"" for number in range(count)}), ENGLISH)
        names.append([finding.fingerprint for finding in findings_of(results)])
    assert names[0] == names[1] != []


def test_every_item_of_a_project_is_answered_or_left_to_the_server(make: Make) -> None:
    """No item of the checklist is forgotten by all of our checks."""
    answered = {result.item for result in check_up(make({"app.py": ""}), ENGLISH)}
    assert set(ITEMS) - answered <= SERVER
