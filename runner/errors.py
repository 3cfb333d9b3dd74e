"""What the runner raises when it cannot do what it was asked."""


class FieldlabError(Exception):
    """A failure a user can understand and act on. The command line shows it without a stack trace and exits 1.

    Args:
        message: What went wrong, naming the thing (file, row, column, value).
        hint: What to do about it, as a sentence of its own.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
