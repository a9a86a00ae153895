"""No door of its own: where sqlite3 makes databases, which are files."""

from types import ModuleType

from overstay_probe.holdings import files


def fit(module: ModuleType) -> None:
    """See the database files that a session makes."""
    files.fit_sqlite(module)
