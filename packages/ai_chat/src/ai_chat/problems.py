"""What can go wrong, as a client is told."""

from __future__ import annotations


class ChatProblem(Exception):  # noqa: N818 - a problem of the conversation, told to a client; no error of the program
    """A request that failed. `code` is for programs and names the message in the catalogue; `values` fill it."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.code}({told})"
