"""The language model, asked only when `--probe-llm` says so: the first token, and how near its limits are."""

from collections.abc import Iterable

from overstay.checks.check import Project, Result
from overstay.checks.model_endpoint import Endpoint, endpoint_of
from overstay.checks.model_probe import Answer, ask
from overstay.findings import Fix, Status
from overstay.messages import Speaker
from overstay.report.figures import figure

SLOW, VERY_SLOW = 3.0, 10.0
"""Seconds until the first token that a listener takes for a pause, and for a failure."""
NEAR = 0.1
"""Share of a limit that is left when it is said to be near."""
_ITEM = "cause-a"
_TOO_OFTEN = 429
_REFUSED = (401, 403)
_GOOD = 200


class LanguageModelCheck:
    """Cause A of the checklist."""

    name = "llm"
    waits = True
    """For an answer, and not for files: it may end after the deadline."""

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return how the language model answers one short question."""
        endpoint = endpoint_of(project.configuration)
        if endpoint is None:
            yield self._result("not-checked", say("check.llm.none"))
        elif not project.probes_llm:
            yield self._result("not-checked", say("check.llm.not-asked", host=endpoint.host, model=endpoint.model))
        else:
            yield self._judged(endpoint, ask(endpoint), say)

    def _judged(self, endpoint: Endpoint, answer: Answer, say: Speaker) -> Result:
        slug, status = judged(answer)
        values = {
            "host": endpoint.host,
            "model": endpoint.model,
            "status": answer.status,
            "seconds": figure(answer.first_token or 0.0),
            "reason": answer.problem or "",
            "where": endpoint.where,
        }
        fix = Fix(say(f"check.llm.fix-{slug}")) if status in ("warning", "severe") else None
        details = tuple(f"{name}{say('list.colon')}{value}" for name, value in answer.headers.items())
        return self._result(status, say(f"check.llm.{slug}", **values), details, fix)

    def _result(self, status: Status, title: str, details: tuple[str, ...] = (), fix: Fix | None = None) -> Result:
        return Result(self.name, _ITEM, status, title, "llm", details, fix=fix)


def judged(answer: Answer) -> tuple[str, Status]:
    """Return what the answer means; what says nothing about the model's speed is not checked."""
    if answer.problem is not None:
        return "no-connection", "not-checked"
    if answer.status == _TOO_OFTEN:
        return "limited", "warning"
    if answer.status in _REFUSED:
        return "refused", "not-checked"
    if answer.status != _GOOD or answer.first_token is None:
        return "no-answer", "not-checked"
    if answer.first_token > SLOW:
        return "slow", "severe" if answer.first_token > VERY_SLOW else "warning"
    return ("near", "warning") if _is_near(answer) else ("fine", "fine")


def _is_near(answer: Answer) -> bool:
    return any(
        left is not None and limit and left < NEAR * limit
        for kind in ("requests", "tokens")
        for limit in [_number(answer, f"x-ratelimit-limit-{kind}")]
        for left in [_number(answer, f"x-ratelimit-remaining-{kind}")]
    )


def _number(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "")
    return int(text) if text.isdecimal() else None
