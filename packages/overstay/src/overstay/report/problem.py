"""The sentence of an error."""

from overstay.errors import OverstayError
from overstay.messages import Speaker
from overstay.report.wrapping import visible


def sentence(error: OverstayError, say: Speaker) -> str:
    """Return what went wrong and the next step, in the speaker's language.

    A value that is itself a slug, such as the reason `why` of an InvalidRun, is said too, with the same values.
    Values from outside, such as the server's last lines, are shown with their control characters spelled out.
    """
    return say(error.slug, **{name: _spoken(value, error, say) for name, value in error.values.items()}).rstrip()


def _spoken(value: object, error: OverstayError, say: Speaker) -> object:
    if isinstance(value, int | float):
        return value
    text = str(value)
    if isinstance(value, str) and say.knows(value):
        return say(value, **error.values)
    return "\n".join(visible(line) for line in text.splitlines())
