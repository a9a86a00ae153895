"""A line of the server's source, as much of it as a reader needs."""

import io
import tokenize


def without_comment(line: str) -> str:
    """Return a source line without the comment at its end; the line itself when there is nothing else on it.

    The line need not be a whole statement: what the tokenizer says before it misses the rest is enough.
    """
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type == tokenize.COMMENT and token.start[0] == 1:
                return line[: token.start[1]].rstrip() or line
    except (tokenize.TokenError, SyntaxError):
        pass
    return line
