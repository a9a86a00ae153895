"""Figures as a person reads them: as many digits as mean something."""


def figure(value: float) -> str:
    """Return `value` with two digits after the point, fewer the larger it is, and no zeros at the end."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def signed(value: float) -> str:
    """Return a change with its sign."""
    text = figure(value)
    return text if text == "0" or text.startswith("-") else f"+{text}"
