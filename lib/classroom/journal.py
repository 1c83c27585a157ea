"""Where rooms are kept besides the memory: nowhere, or in one SQLite file, so that they outlive the app.

A journal has entries (room's code, kind, key) -> plain data, and is written with every change.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from lib.classroom.border import ClassroomError

_KINDS = ("room", "student", "question", "answer")  # the order in which `entries` gives them


class Journal(Protocol):
    """What keeps rooms."""

    def put(self, code: str, kind: str, key: str, value: Any) -> None:
        """Keep plain data under a key, in place of what was there."""

    def forget(self, code: str, kind: str | None = None, key: str = "") -> None:
        """Delete one entry, or all of a room."""

    def entries(self) -> Iterator[tuple[str, str, str, Any]]:
        """All of them: rooms first, then students, questions and answers, each in the order of their numbers."""


class NoJournal:
    """Rooms live in memory alone."""

    def put(self, code: str, kind: str, key: str, value: Any) -> None:
        """Nothing."""

    def forget(self, code: str, kind: str | None = None, key: str = "") -> None:
        """Nothing."""

    def entries(self) -> Iterator[tuple[str, str, str, Any]]:
        """None."""
        return iter(())


class SqliteJournal:
    """One table in one file, for one app at a time. What is deleted is overwritten (secure_delete)."""

    def __init__(self, path: Path) -> None:
        """Raises ClassroomError where the file cannot be used."""
        self._mutex = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            self._file.execute("PRAGMA secure_delete = ON")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS entries (code TEXT, kind TEXT, key TEXT, value TEXT, "
                "PRIMARY KEY (code, kind, key)) WITHOUT ROWID"
            )
        except (OSError, sqlite3.Error) as error:
            raise ClassroomError(
                f"The rooms cannot be kept in {path.name}, the file that PLAYGROUND_CLASS_DB names: {error}."
            ) from error

    def put(self, code: str, kind: str, key: str, value: Any) -> None:
        """One row, on the disk when this comes back."""
        text = json.dumps(value, ensure_ascii=True)
        self._write("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", (code, kind, key, text))

    def forget(self, code: str, kind: str | None = None, key: str = "") -> None:
        """One row, or all of a room."""
        if kind is None:
            self._write("DELETE FROM entries WHERE code = ?", (code,))
        else:
            self._write("DELETE FROM entries WHERE code = ? AND kind = ? AND key = ?", (code, kind, key))

    def entries(self) -> Iterator[tuple[str, str, str, Any]]:
        """Rows as they are kept. Raises ClassroomError where the file is damaged."""
        with self._mutex:
            try:
                rows = self._file.execute("SELECT code, kind, key, value FROM entries").fetchall()
                found = [(code, kind, key, json.loads(value)) for code, kind, key, value in rows]
            except (sqlite3.Error, ValueError) as error:
                raise ClassroomError(f"The file that PLAYGROUND_CLASS_DB names is damaged: {error}.") from error
        return iter(sorted(found, key=lambda row: (_KINDS.index(row[1]), _number(row[2]))))

    def _write(self, command: str, values: tuple[str, ...]) -> None:
        try:
            with self._mutex:
                self._file.execute(command, values)
        except sqlite3.Error as error:
            raise ClassroomError(f"The file that PLAYGROUND_CLASS_DB names takes nothing more: {error}.") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            self._file.close()


def _number(key: str) -> tuple[int, ...]:
    return tuple(map(int, key.split(":"))) if key else ()
