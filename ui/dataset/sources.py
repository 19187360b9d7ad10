"""What a user dropped or named to be copied; ZIPs are unpacked once, into the window's own folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
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
class Request:
    """Files that were sent, the path that was typed, and the extension of captions."""

    files: tuple[str, ...] = ()
    named: str = ""
    captions: str = ".caption"


class Sources:
    """Gathers the images of a request; remembers the ZIPs that are unpacked."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._unpacked: dict[_Key, Unpacked | UserError] = {}

    def unpack(self, request: Request, lang: Lang) -> Iterator[str]:
        """Unpack the ZIPs that are not yet, showing how far it is.

        Raises UserError for a path that may not be read.
        """
        for path in self._zips(request):
            if self._key(path, request) not in self._unpacked:
                yield from followed(self._window.unpack, self._work(path, request), lambda _: "", lang)

    def _work(self, path: Path, request: Request) -> Callable[[Report], None]:
        key = self._key(path, request)
        folder = self._window.cache / "unpacked" / secrets.token_hex(8)

        def work(report: Report) -> None:
            try:
                control = self._window.unpack.control
                self._unpacked[key] = zip_file.unpack(path, folder, request.captions, report, control)
            except UserError as e:
                self._unpacked[key] = e  # shown with the plan

        return work

    def gathered(self, request: Request) -> Gathered:
        """The images with their captions. Raises UserError for what can't be read."""
        entries: list[Entry] = []
        left_out: dict[str, tuple[str, ...]] = {}
        for path in self._zips(request):
            unpacked = self._unpacked.get(self._key(path, request), Unpacked())
            if isinstance(unpacked, UserError):
                raise UserError(*unpacked.problems)
            entries += unpacked.entries
            left_out |= unpacked.left_out
        entries += gather.dropped(Path(name) for name in request.files if not _is_zip(name))
        if request.named.strip() and not _is_zip(request.named):
            path = self._window.paths.confined(request.named)
            try:
                entries += gather.named(path)
            except OSError as e:
                raise UserError(messages.FOLDER_UNREADABLE(path=path, reason=e.strerror)) from e
        gathered = gather.paired(entries, request.captions)
        for reason, names in gathered.left_out.items():
            left_out[reason] = (*left_out.get(reason, ()), *names)
        return Gathered(gathered.items, left_out)

    def _zips(self, request: Request) -> list[Path]:
        zips = [Path(name) for name in request.files if _is_zip(name)]
        if _is_zip(request.named):
            path = self._window.paths.confined(request.named)
            zips += [path] if path.is_file() else []
        return zips

    @staticmethod
    def _key(path: Path, request: Request) -> _Key:
        try:
            state = path.stat()
        except OSError:
            return str(path), 0, 0, request.captions
        return str(path), state.st_size, state.st_mtime_ns, request.captions


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
