"""What the tests of all packages share."""

import ctypes
import os
import sys
from collections.abc import Iterator

import pytest

DEFAULT_TIMEOUT = 120  # seconds, as in pyproject.toml


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first: several processes run the tests, and none is left alone with a long one in the end."""

    def timeout(item: pytest.Item) -> float:
        mark = item.get_closest_marker("timeout")
        return float(mark.args[0]) if mark else DEFAULT_TIMEOUT

    items.sort(key=timeout, reverse=True)  # stable: all others stay in their order


_VERSION_3 = 0x20080522
_READ_ALL = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root's right to read what is forbidden to everybody."""


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Take from the test's thread what root may read and others may not; the other rights stay.

    Another user would not do: the temporary folders of a test are closed to all but the one who runs it.
    """
    if sys.platform == "win32":
        pytest.skip("what may be read is told otherwise there")
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0, os.strerror(ctypes.get_errno())
    effective = sets[0]
    sets[0] = effective & ~_READ_ALL
    assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        sets[0] = effective
        assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
