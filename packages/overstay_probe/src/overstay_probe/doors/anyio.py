"""No door of its own: where anyio hands calls to its worker threads, which are no executor's."""

from types import ModuleType

from overstay_probe.holdings import jobs


def fit(module: ModuleType) -> None:
    """Follow the sessions into anyio's worker threads."""
    jobs.fit_anyio(module)
