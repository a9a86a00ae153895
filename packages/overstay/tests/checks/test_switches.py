"""Whether the code of a file runs for this user."""

from collections.abc import Callable

import pytest

from overstay.checks.check import Project
from overstay.checks.switches import affects_you
from overstay.findings import AffectsYou
from overstay.messages import Speaker

Make = Callable[..., Project]
ENGLISH = Speaker("en")


@pytest.mark.parametrize(
    "path", ["proxy_message_queue.py", "src/chat/proxy_handler.py", "src/proxy/queue.py", "ProxyHandler.py"]
)
def test_code_behind_a_switch_that_is_off_does_not_affect_the_user(make: Make, path: str) -> None:
    """The file or its folder has the switch's word."""
    project = make({"conf.yaml": "host: x\nenable_proxy: false"})
    assert affects_you(path, project, ENGLISH) == AffectsYou("no", "enable_proxy is off (conf.yaml:2)")


def test_code_behind_a_switch_that_is_on_does(make: Make) -> None:
    """With the line that says so."""
    project = make({"conf.yaml": "enable_proxy: true"})
    told = affects_you("proxy_message_queue.py", project, ENGLISH)
    assert told == AffectsYou("yes", "enable_proxy is on (conf.yaml:1)")


def test_code_behind_a_switch_that_nobody_sets_is_unknown(make: Make) -> None:
    """Its name is read, and no value is known."""
    project = make({"server.py": "def start(config):\n    return config.enable_proxy\n"})
    told = affects_you("proxy_handler.py", project, ENGLISH)
    assert told.answer == "unknown"
    assert "server.py:2" in told.why


def test_code_that_no_switch_is_about_runs(make: Make) -> None:
    """A switch about something else does not matter."""
    project = make({"conf.yaml": "enable_proxy: false\nenable_debug: false\n"})
    assert affects_you("debug_routes.py", project, ENGLISH) == AffectsYou("yes", "")
    assert affects_you("approximate.py", project, ENGLISH) == AffectsYou("yes", "")


def test_the_most_particular_switch_decides(make: Make) -> None:
    """`enable_proxy_queue` says more about the queue than `enable_proxy`."""
    project = make({"conf.yaml": "enable_proxy: true\nenable_proxy_queue: false\n"})
    assert affects_you("proxy_message_queue.py", project, ENGLISH).answer == "no"
    assert affects_you("proxy_handler.py", project, ENGLISH).answer == "yes"
