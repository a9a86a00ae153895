"""The sentence of an error."""

from overstay.errors import OverstayError
from overstay.messages import Speaker
from overstay.report.wrapping import visible


def sentence(error: OverstayError, say: Speaker) -> str:
    """Return what went wrong and the next step, in the speaker's language.

    A value that is itself a slug, such as the reason `why` of an InvalidRun, is said too, with the same values.
    Values from outside, such as the server's last lines, are shown with their control characters spelled out.
    """
    values = {name: value if isinstance(value, int | float) else _shown(value) for name, value in error.values.items()}
    reasons = {
        name: say(value, **values) for name, value in values.items() if isinstance(value, str) and say.knows(value)
    }
    return say(error.slug, **values | reasons)


def _shown(value: object) -> str:
    return "\n".join(visible(line) for line in str(value).splitlines())
