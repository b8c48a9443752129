"""Reads JSON files field by field; what is missing or of another kind is collected, with file and field."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from problems import Problems

_MISSING = object()
_REQUIRED = object()


class Config:
    """A JSON object of a file. A getter whose field is wrong notes a problem and returns a value that lets reading go on."""

    def __init__(self, file: pathlib.Path, content: dict[str, Any], problems: Problems, prefix: str = "") -> None:
        self.file = file
        self.content = content
        self.problems = problems
        self._prefix = prefix

    @staticmethod
    def read(file: pathlib.Path, problems: Problems) -> Config:
        """An empty object, and a problem noted, if there is no such file or it is no object."""
        content: Any = None
        if not file.is_file():
            problems.add(f"missing file: {file}")
        else:
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                problems.add(f"{file} is no JSON: {error}")
            else:
                if not isinstance(content, dict):
                    problems.add(f"{file}: expected a JSON object, found {type(content).__name__}")
        return Config(file, content if isinstance(content, dict) else {}, problems)

    def has(self, field: str) -> bool:
        return self.content.get(field) is not None

    def section(self, field: str) -> Config:
        value = self.content.get(field)
        if value is not None and not isinstance(value, dict):
            self.refuse(field, "an object")
        return Config(self.file, value if isinstance(value, dict) else {}, self.problems, f"{self._prefix}{field}.")

    def count(self, field: str, default: Any = _REQUIRED, most: int = 1 << 24, least: int = 1) -> int:
        """A whole number of `least` to `most`."""
        value = self._value(field, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(field, f"a whole number of {least} to {most}")
            return least
        return value

    def number(self, field: str, default: Any = _REQUIRED) -> float:
        value = self._value(field, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.refuse(field, "a number")
            return 1.0
        return float(value)

    def one_of(self, field: str, allowed: tuple[Any, ...], default: Any = _REQUIRED) -> Any:
        value = self._value(field, default)
        if not any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed):
            self.refuse(field, " or ".join(json.dumps(each) for each in allowed))
            return allowed[0]
        return value

    def numbers(self, field: str, length: int) -> list[float]:
        value = self._value(field, _REQUIRED)
        if (not isinstance(value, list) or len(value) != length
                or not all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in value)):
            self.refuse(field, f"a list of {length} numbers")
            return [1.0] * length
        return [float(each) for each in value]

    def refuse(self, field: str, expected: str) -> None:
        value = self.content.get(field, _MISSING)
        found = "missing" if value is _MISSING else json.dumps(value, ensure_ascii=False)
        # Of a file that is not there, the file is the problem and not each of its fields.
        if self.content or self.file.is_file():
            self.problems.add(f"{self.file}: {self._prefix}{field} is {found}, expected {expected}")

    def _value(self, field: str, default: Any) -> Any:
        value = self.content.get(field)
        if value is None and default is not _REQUIRED:
            return default
        return value
