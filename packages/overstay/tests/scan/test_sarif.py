"""The SARIF log has what version 2.1.0 asks for, and nothing of this machine."""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest

from overstay.demo.planted import FOLDER
from overstay.messages import LANGUAGES, Language, Speaker
from overstay.report import sarif
from overstay.scan import scan

SCHEMA = json.loads(Path(__file__).with_name("sarif_schema.json").read_text(encoding="utf-8"))
TASK = "import asyncio\n\n\nasync def go(work):\n    asyncio.create_task(work())\n"


def refused(log: Any) -> list[str]:
    """Return what the schema has against a log."""
    jsonschema.Draft4Validator.check_schema(SCHEMA)
    return [f"{each.json_path}: {each.message}" for each in jsonschema.Draft4Validator(SCHEMA).iter_errors(log)]


@pytest.fixture(scope="module")
def log() -> Any:
    """The log of the demo's scan."""
    say = Speaker("en")
    return json.loads(sarif.text(scan(FOLDER, say=say).findings, say))


def test_log_has_one_run_of_overstay(log: Any) -> None:
    """Version, schema and driver are there."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    [run] = log["runs"]
    assert run["tool"]["driver"]["name"] == "overstay"
    assert len(run["results"]) > 10


def test_every_result_names_a_rule_of_the_driver(log: Any) -> None:
    """Index and id agree, and each rule is told once."""
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]


def test_locations_are_relative_and_count_from_one(log: Any) -> None:
    """A code host finds the line in its own checkout."""
    for result in log["runs"][0]["results"]:
        [location] = result["locations"]
        physical = location["physicalLocation"]
        assert (FOLDER / physical["artifactLocation"]["uri"]).is_file()
        assert physical["region"]["startLine"] >= 1


def test_fingerprints_are_unique(log: Any) -> None:
    """Two findings are never taken for one."""
    prints = [result["partialFingerprints"]["overstay/v1"] for result in log["runs"][0]["results"]]
    assert len(set(prints)) == len(prints)


def test_no_findings_are_a_valid_log() -> None:
    """A clean project has an empty list, not none."""
    [run] = json.loads(sarif.text((), Speaker("en")))["runs"]
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_log_of_the_demo_is_what_the_standard_allows(language: Language) -> None:
    """In both languages, with more than ten results."""
    say = Speaker(language)
    assert refused(json.loads(sarif.text(scan(FOLDER, say=say).findings, say))) == []


def test_empty_log_is_what_the_standard_allows() -> None:
    """Nothing found is a log, too."""
    assert refused(json.loads(sarif.text((), Speaker("en")))) == []


FAULTS: list[Callable[[Any], object]] = [
    lambda log: log.pop("version"),
    lambda log: log.update(version="2.0.0"),
    lambda log: log["runs"][0].pop("tool"),
    lambda log: log["runs"][0].update(extra=1),
    lambda log: log["runs"][0]["tool"]["driver"].pop("name"),
    lambda log: log["runs"][0]["tool"]["driver"]["rules"][0].pop("id"),
    lambda log: log["runs"][0]["results"][0].pop("message"),
    lambda log: log["runs"][0]["results"][0].update(level="severe"),
    lambda log: log["runs"][0]["results"][0].update(partialFingerprints={"overstay/v1": 1}),
    lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
    lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].update(uri="a b"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_log_with_a_fault_is_refused(log: Any, fault: Callable[[Any], object]) -> None:
    """The schema has teeth: one fault is enough."""
    broken = copy.deepcopy(log)
    fault(broken)
    assert refused(broken)


@pytest.mark.parametrize("name", ["a#b?c%20.py", "\u4e2d \u6587.py", "tab\tnew\nline.py", "bad\udcff.py"])
@pytest.mark.skipif(os.name == "nt", reason="such names are not allowed there")
def test_file_of_any_name_has_an_address_in_the_log(tmp_path: Path, name: str) -> None:
    """Whatever bytes a name has, the log is valid, and its address leads back to the file."""
    (tmp_path / name).write_text(TASK, encoding="utf-8")
    told = json.loads(sarif.text(scan(tmp_path, say=Speaker("en")).findings, Speaker("en")))
    assert refused(told) == []
    [result] = told["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert os.fsdecode(unquote_to_bytes(uri)) == name
