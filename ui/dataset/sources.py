"""What a user dropped or named to be copied; ZIPs are unpacked once, into the window's own folder."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.intake import gather, zip_file
from core.data.intake.gather import Entry, Gathered
from core.data.intake.zip_file import Unpacked
from core.data.sources import messages
from core.errors import Lang, UserError
from ui.parts.job import Report
from ui.parts.job_progress import followed
from ui.parts.markup import esc
from ui.text import say
from ui.window import Window

_NAMED_AT_ONCE = 200
_Key = tuple[str, int, int, str]


@dataclass(frozen=True)
class Wanted:
    """Files that were sent, the path that was typed, and the extension of captions."""

    files: tuple[str, ...] = ()
    named: str = ""
    captions: str = ".caption"


class Sources:
    """Gathers the images of a request; remembers the ZIPs that are unpacked."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._unpacked: dict[_Key, Unpacked | UserError] = {}

    def waiting(self, wanted: Wanted) -> list[Path]:
        """The ZIPs that are not unpacked yet. Raises UserError for a path that may not be read."""
        return [path for path in self._zips(wanted) if self._key(path, wanted) not in self._unpacked]

    def unpack(self, wanted: Wanted, lang: Lang) -> Iterator[str]:
        """Unpack what waits, telling how far it is."""
        for path in self.waiting(wanted):
            yield from followed(self._window.unpack, self._work(path, wanted), lambda _: "", lang)

    def _work(self, path: Path, wanted: Wanted) -> object:
        key = self._key(path, wanted)
        folder = self._window.cache / "unpacked" / secrets.token_hex(8)

        def work(report: Report) -> None:
            try:
                control = self._window.unpack.control
                self._unpacked[key] = zip_file.unpack(path, folder, wanted.captions, report, control)
            except UserError as e:
                self._unpacked[key] = e  # said with the plan

        return work

    def gathered(self, wanted: Wanted) -> Gathered:
        """The images with their captions. Raises UserError for what can't be read."""
        entries: list[Entry] = []
        left_out: dict[str, tuple[str, ...]] = {}
        zips = self._zips(wanted)
        for path in zips:
            found = self._unpacked.get(self._key(path, wanted))
            if isinstance(found, UserError):
                raise UserError(*found.problems)
            if found is not None:
                entries += found.entries
                left_out |= found.left_out
        entries += gather.dropped(Path(name) for name in wanted.files if not _is_zip(name))
        if wanted.named.strip() and not _is_zip(wanted.named):
            path = self._window.paths.confined(wanted.named)
            try:
                entries += gather.named(path)
            except OSError as e:
                raise UserError(messages.FOLDER_UNREADABLE(path=path, reason=e.strerror)) from e
        found_now = gather.paired(entries, wanted.captions)
        for reason, names in found_now.left_out.items():
            left_out[reason] = (*left_out.get(reason, ()), *names)
        return Gathered(found_now.items, left_out)

    def _zips(self, wanted: Wanted) -> list[Path]:
        found = [Path(name) for name in wanted.files if _is_zip(name)]
        if _is_zip(wanted.named):
            path = self._window.paths.confined(wanted.named)
            found += [path] if path.is_file() else []
        return found

    @staticmethod
    def _key(path: Path, wanted: Wanted) -> _Key:
        try:
            state = path.stat()
        except OSError:
            return str(path), 0, 0, wanted.captions
        return str(path), state.st_size, state.st_mtime_ns, wanted.captions


def _is_zip(name: str) -> bool:
    return name.strip().strip('"').lower().endswith(".zip")


def left_out_html(gathered: Gathered, lang: Lang) -> str:
    """Every file that is not taken, by reason."""
    reasons = [(reason, names) for reason, names in gathered.left_out.items() if names]
    if not reasons:
        return ""
    total = sum(len(names) for _, names in reasons)
    rows = "".join(_reason(reason, names, lang) for reason, names in reasons)
    title = say("make.left.count", lang, n=total)
    return f'<details class="rw-left"><summary>{esc(title)}</summary><ul>{rows}</ul></details>'


def _reason(reason: str, names: Sequence[str], lang: Lang) -> str:
    shown = ", ".join(names[:_NAMED_AT_ONCE])
    if len(names) > _NAMED_AT_ONCE:
        shown += f" {say('make.more', lang, n=len(names) - _NAMED_AT_ONCE)}"
    return f"<li><b>{esc(say(f'make.left.why.{reason}', lang))}</b> <span>{esc(shown)}</span></li>"
