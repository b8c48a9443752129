"""What is wrong with what was given: collected, so that one run names everything that is missing."""


class ImportRefused(Exception):
    """The import cannot go on; the message is for the person who started it."""


class Problems:
    """Collects lines, each naming a file, field or tensor with what was expected and found."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        if line not in self._lines:
            self._lines.append(line)

    def raise_any(self) -> None:
        """Raises ImportRefused with every line, if there are any."""
        if self._lines:
            raise ImportRefused("\n".join(self._lines))
