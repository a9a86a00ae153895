"""The SARIF log has what version 2.1.0 asks for, and nothing of this machine."""

import json
from typing import Any

import pytest

from overstay.demo.planted import FOLDER
from overstay.messages import Speaker
from overstay.report import sarif
from overstay.scan import scan


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
