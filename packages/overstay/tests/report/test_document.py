"""The report file: written whole or not at all, read back exactly."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overstay.errors import UsageError
from overstay.findings import Report, Site
from overstay.messages import LANGUAGES, Language
from overstay.report import document

Builder = Callable[[Language], Report]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_reads_back_as_it_was_written(make_report: Builder, language: Language, tmp_path: Path) -> None:
    """Nothing is lost on the way through the file, in either language."""
    report = make_report(language)
    document.write(report, tmp_path / "report.json")
    assert document.read(tmp_path / "report.json") == report


def test_a_path_that_is_no_utf8_survives(make_report: Builder, tmp_path: Path) -> None:
    """Names of files are bytes on Linux; Python's stand-ins for them are kept."""
    report = make_report("en")
    odd = replace(report.findings[0], site=Site(os.fsdecode(b"caf\xe9.py"), 1, "f"))
    report = replace(report, findings=(odd,))
    document.write(report, tmp_path / "report.json")
    assert document.read(tmp_path / "report.json") == report
    (tmp_path / "report.json").read_text(encoding="utf-8")


def test_chinese_is_written_as_itself(make_report: Builder, tmp_path: Path) -> None:
    """A Chinese report can be read in an editor."""
    document.write(make_report("zh"), tmp_path / "报告.json")
    assert "客户端" in (tmp_path / "报告.json").read_text(encoding="utf-8")


def test_only_the_report_is_left_in_the_folder(make_report: Builder, tmp_path: Path) -> None:
    """The file beside it, by which it came, is gone."""
    document.write(make_report("en"), tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_an_unwritable_place_is_a_usage_error_and_leaves_nothing(make_report: Builder, tmp_path: Path) -> None:
    """The folder is missing: one sentence with the path, no file anywhere."""
    with pytest.raises(UsageError) as caught:
        document.write(make_report("en"), tmp_path / "missing" / "report.json")
    assert caught.value.slug == "report.not-written"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_usage_error(make_report: Builder) -> None:
    """No space left is told as such."""
    with pytest.raises(UsageError) as caught:
        document.write(make_report("en"), Path("/dev/full"))
    assert caught.value.slug == "report.not-written"
    assert "space" in str(caught.value.values["reason"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_disk_that_fills_up_half_way_leaves_the_older_report_whole(make_report: Builder, tmp_path: Path) -> None:
    """The report that was there is there still, and no part of the new one."""
    import resource  # not there on Windows
    import signal

    path = tmp_path / "report.json"
    document.write(replace(make_report("en"), findings=()), path)
    older = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UsageError) as caught:
            document.write(make_report("en"), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert caught.value.slug == "report.not-written"
    assert path.read_bytes() == older
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_a_link_to_a_report_stays_a_link(make_report: Builder, tmp_path: Path) -> None:
    """A report is written to where its path points, as opening it would."""
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    document.write(make_report("en"), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert document.read(tmp_path / "real.json") == make_report("en")


def spoiled(report: Report, spoil: Callable[[dict[str, Any]], object]) -> str:
    """Return a report's JSON after a change to it."""
    plain = json.loads(json.dumps(report.to_json()))
    spoil(plain)
    return json.dumps(plain)


@pytest.mark.parametrize(
    ("spoil", "slug", "where"),
    [
        (lambda plain: plain.pop("schema"), "report.not-a-report", "schema"),
        (lambda plain: plain.update(schema="overstay/2"), "report.other-schema", None),
        (lambda plain: plain.pop("run"), "report.not-a-report", "run"),
        (lambda plain: plain.update(verdict="good"), "report.not-a-report", "verdict"),
        (lambda plain: plain["run"].update(visits="40"), "report.not-a-report", "run.visits"),
        (lambda plain: plain["run"].update(visits=True), "report.not-a-report", "run.visits"),
        (lambda plain: plain["self"].update(rss_mb=None), "report.not-a-report", "self.rss_mb"),
        (lambda plain: plain["findings"][1].pop("title"), "report.not-a-report", "findings[1].title"),
        (lambda plain: plain["findings"][0]["rate"].update(of="reset"), "report.not-a-report", "findings[0].rate.of"),
    ],
)
def test_another_shape_is_told_by_its_place(
    make_report: Builder, tmp_path: Path, spoil: Callable[[dict[str, Any]], object], slug: str, where: str | None
) -> None:
    """What is missing or wrong is named, so that the file can be put right."""
    path = tmp_path / "report.json"
    path.write_text(spoiled(make_report("en"), spoil), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        document.read(path)
    assert (caught.value.slug, caught.value.values.get("where")) == (slug, where)


def test_additions_of_a_newer_version_are_passed_over(make_report: Builder, tmp_path: Path) -> None:
    """Additions to the schema are fine, and so are values that an older version did not write."""

    def spoil(plain: dict[str, Any]) -> None:
        plain["dashboard"] = {}
        plain["findings"][0]["colour"] = "red"
        plain.pop("kept")

    path = tmp_path / "report.json"
    path.write_text(spoiled(make_report("en"), spoil), encoding="utf-8")
    assert document.read(path) == replace(make_report("en"), kept=())


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "report.not-json"),
        (b'{"schema": "overstay/1",', "report.not-json"),
        (b"\xff\xfe\x00", "report.not-json"),
        (b"[" * 100_000, "report.not-json"),
        (b"[1, 2]", "report.not-a-report"),
        (b'"overstay/1"', "report.not-a-report"),
    ],
)
def test_a_file_of_another_kind_is_a_usage_error(tmp_path: Path, content: bytes, slug: str) -> None:
    """Cut off, binary, too deep or simply something else: one sentence each."""
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        document.read(path)
    assert caught.value.slug == slug


def test_a_missing_file_and_a_folder_are_usage_errors(tmp_path: Path) -> None:
    """Neither is a report."""
    for path, slug in ((tmp_path / "missing.json", "report.not-found"), (tmp_path, "report.unreadable")):
        with pytest.raises(UsageError) as caught:
            document.read(path)
        assert caught.value.slug == slug
