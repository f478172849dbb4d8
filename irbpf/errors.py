"""The one exception that a user is meant to read. Not for bugs: those stay ordinary exceptions."""

from __future__ import annotations


class Error(Exception):
    """Something a user can cause or mend; printed once, by `irbpf.cli`, as `message (hint)`.

    `message` says what is wrong and where (`file:line:column: ...` for a file); `hint` says what to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Gone(Error):
    """The receiver was unplugged, at whatever step."""
