"""The acts on images and folders that the preview offers: what it draws of them, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.curate import curation
from core.data.curate.moves import place_after
from core.data.health.findings import Finding
from core.data.plan.plan import Plan
from core.data.undo import Outcome
from core.errors import Lang, Problem, UserError
from ui.dataset import concepts, image_tools, mask_acts
from ui.dataset.cures import cure
from ui.dataset.image_acts import Asked, ImageActs, told
from ui.parts.images import url
from ui.parts.markup import problems
from ui.window import Window, messages

_OF_FOLDERS = frozenset({"name", "off", "on"})
_CAPTIONS = {
    **{"no_caption": "missing", "long_caption": "long", "W-CAP-EMPTY": "empty", "W-CAP-LINES": "lines"},
    **{"E-CAP-ENCODING": "encoding", "E-CAP-READ": "unreadable"},
}
"""Kind of finding, or code of a problem -> which captions are meant, as the caption card calls them."""
PLAIN = 1024
"""Longer side of what is shown to crop an image or to paint its mask."""
SMALL = 384


class ImageDesk:
    """Draws and answers for one preview."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.acts = ImageActs(window)

    # What is drawn.

    def wrapped(self, plan: Plan, lang: Lang) -> Callable[[int, str], str]:
        """Puts box and menu around a drawn image of the plan, where it may be changed."""
        is_open: dict[Path, bool] = {}

        def wrap(index: int, drawn: str) -> str:
            image = plan.images[index]
            folder = image.path.parent
            if folder not in is_open:
                is_open[folder] = not plan.settings_of(index).in_json and self.acts.is_open(folder)
            if not is_open[folder]:
                return drawn
            mask = self.address(image.mask_path) if image.mask_path else ""
            return image_tools.tile(drawn, image.path, image.size, self.address(image.path), mask, lang)

        return wrap

    def address(self, path: Path) -> str:
        """Where a page finds an image in full view, which is made only when it asks."""
        try:
            return url(self._window.thumbs.later(path, PLAIN))
        except OSError:
            return ""

    def below_html(self, plan: Plan, said: Sequence[Problem], lang: Lang) -> str:
        """What is left out, and the bar; "" where nothing can be done or undone."""
        found = curation.excluded(dict.fromkeys(folder.path for folder in plan.folders))
        left_out = image_tools.excluded_html(found, self._small, self.acts.is_open, lang)
        last = self.acts.last
        if not left_out and last is None and not said and not any(self._opened(plan)):
            return ""
        has_mask = mask_acts.can_paint(plan)
        held = self.acts.curation.in_trash()
        return left_out + image_tools.tools_html(last, problems(said, lang), has_mask, lang, held)

    def _opened(self, plan: Plan) -> list[bool]:
        return [self.acts.is_open(folder.path) for folder in plan.folders]

    def _small(self, path: Path) -> str:
        try:
            return str(self._window.thumbs.later(path, SMALL))
        except OSError:
            return ""

    def cure_html(self, finding: Finding, plan: Plan, lang: Lang) -> str:
        """The cure of a finding as a button; "" where there is none."""
        step = cure(finding, plan)
        if finding.kind in _CAPTIONS:
            return image_tools.captions_html(_CAPTIONS[finding.kind], lang)
        if step is None or not step.paths or not self._may(step.paths):
            return ""
        return image_tools.cure_html(finding.kind, step.act, step.paths, lang)

    def cure_all_html(self, findings: Sequence[Finding], plan: Plan, lang: Lang) -> str:
        """All cures in one; "" where there are fewer than two."""
        steps = [
            step for one in findings if (step := cure(one, plan)) and step.paths and self._may(step.paths)
        ]
        counted = [(step.act, len(step.paths)) for step in steps]
        return image_tools.cure_all_html(counted, lang) if len(steps) > 1 else ""

    def _may(self, paths: Sequence[Path]) -> bool:
        return all(self.acts.is_open(folder) for folder in {path.parent for path in paths})

    def layout_html(self, found: Sequence[Problem], lang: Lang) -> str:
        """Buttons for what is found: captions to be shown, images to be copied into a named folder."""
        loose = next((p.path for p in found if p.code.endswith("-DIR-LAYOUT") and p.path), "")
        copy = image_tools.copy_html(self._window.paths.short(loose), lang) if loose else ""
        shows = dict.fromkeys(_CAPTIONS[p.code] for p in found if p.code in _CAPTIONS)
        return copy + "".join(image_tools.captions_html(show, lang) for show in shows)

    def folders_html(self, plan: Plan, record: Sequence[Mapping[str, Any]], lang: Lang) -> str:
        """The folders as a list."""
        rows = concepts.concepts(plan, record, self.acts.is_open)
        return concepts.concepts_html(rows, lang) if rows else ""

    # What is answered.

    def answer(
        self, asked: Asked, plan: Plan, record: Sequence[Mapping[str, Any]], findings: Sequence[Finding]
    ) -> tuple[Outcome | None, tuple[Problem, ...]]:
        """Do what is asked: what was done, None for nothing, and what is to be said."""
        if self._window.is_training:
            return None, (messages.IMAGES_READ(),)
        try:
            if asked.do in _OF_FOLDERS:
                outcome = self._on_folder(asked, plan, record)
            elif asked.do == "mask":
                outcome = mask_acts.paint(asked, plan, self._window, self.acts.curation)
            else:
                outcome = self.acts.done(asked, plan, findings)
        except UserError as e:
            return None, e.problems
        return outcome, told(outcome)

    def _on_folder(self, asked: Asked, plan: Plan, record: Sequence[Mapping[str, Any]]) -> Outcome | None:
        rows = concepts.concepts(plan, record, self.acts.is_open)
        outcome = concepts.act(asked, rows, self.acts.curation, plan.config.conditioning_data_dir)
        for one in outcome.change.files if outcome and outcome.change else ():
            self._window.copies.moved(one.path, place_after(one))
        return outcome
