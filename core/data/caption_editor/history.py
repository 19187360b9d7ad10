"""The history of caption edits, each file with its bytes before and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.data.caption_editor import files, messages
from core.data.undo import FileChange, History, State
from core.errors import Problem


class CaptionFiles:
    """Caption files. allow: raises UserError for a file that may not be written."""

    def __init__(self, allow: Callable[[Path], object]) -> None:
        self._allow = allow

    def now(self, change: FileChange) -> State:
        """The file's bytes. Raises UserError for what is no caption file, or may not be written."""
        self._allow(change.path)
        files.resolved(change.path)
        return files.read(change.path)

    def put(self, change: FileChange, state: State) -> None:
        """Write or remove the file. Raises UserError."""
        files.put(change.path, state)

    def changed(self, change: FileChange) -> Problem:
        """For a file that another program or window wrote."""
        return messages.CHANGED_ELSEWHERE(path=change.path)


def opened(path: Path, allow: Callable[[Path], object]) -> History:
    """The history in this file. kind: "edit", or a name of edits.EDITS; about: such as the image's name."""
    return History(path, CaptionFiles(allow))
