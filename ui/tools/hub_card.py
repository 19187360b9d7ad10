"""The card of the Hugging Face Hub: its token, set or not, and the upload of a result that is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import Lang, UserError
from core.models import hub, hub_token
from core.tools import hub_upload
from core.tools.hub_upload import HubUploadSettings
from core.tools.messages import NAMES_TAKEN, NO_REPOSITORY
from core.tools.tool import Outcome, Work, checked
from ui.parts.html_events import LISTEN, button, data_of, fields_of, sent
from ui.parts.job import Job, Report
from ui.parts.job_progress import followed, progress_html
from ui.parts.localized import Page
from ui.parts.markup import esc, heading, note, problems, table
from ui.settings.identity import size_of
from ui.text import say
from ui.tools.messages import NO_UPLOAD
from ui.window import Window
from ui.window.error_page import streamed
from ui.window.results import Result, results

Data = Mapping[Any, Any]
Update = dict[Any, Any]

NAME = "hub-upload"
_MOST_LISTED = 30
_FIELDS = ("file", "repo", "private")


class HubCard:
    """One piece of HTML on the Tools tab. What is typed as the token goes into its file and nowhere else."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self._typed: dict[str, str] = {}
        self.part = page.add(
            gr.HTML, {"value": self.html}, elem_id="hub-card", padding=False, js_on_load=LISTEN
        )

    @property
    def job(self) -> Job[Outcome]:
        return self._window.jobs[NAME]

    def connect(self, lang: Any) -> None:
        """Bind the handler."""

        def act(data: Data, event: gr.EventData) -> Iterator[Update]:
            for html in self.act(data_of(event), data[lang]):
                yield {self.part: html}

        self.part.click(
            streamed(act, self._window),
            {lang},
            [self.part],
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="multiple",  # Stop is pressed while the upload is still answering
            concurrency_id=NAME,
            concurrency_limit=8,
        )

    def html(self, lang: Lang, said: str = "") -> str:
        """The card as it stands. said: in place of how far the upload is."""
        below = said or progress_html(self.job, lang, is_kept=True) + self._replace_html(lang)
        return (
            f'<section class="rw-card rw-hub">{heading(say("hub.title", lang), say("hub.lead", lang))}'
            f"{_token_html(lang)}{self._upload_html(lang)}{below}</section>"
        )

    def _upload_html(self, lang: Lang) -> str:
        """What is uploaded and where to; nothing while there is no token or no result."""
        if not hub_token.source():
            return ""
        title = f"<h4>{esc(say('hub.upload', lang))}</h4>"
        models = self._models()
        if not models:
            return title + note(say("hub.upload.none", lang))
        chosen = self._typed.get("file", "")
        options = "".join(
            f'<option value="{esc(found.id)}"{" selected" if found.id == chosen else ""}>'
            f"{esc(found.path.name)}</option>"
            for found in models
        )
        repo = esc(self._typed.get("repo", ""))
        is_public = self._typed.get("private") == "no"
        kinds = "".join(
            f'<option value="{name}"{" selected" if is_public == (name == "no") else ""}>'
            f"{esc(say(f'hub.upload.{name}', lang))}</option>"
            for name in ("yes", "no")
        )
        hint = esc(say("hub.upload.repo.hint", lang))
        fields = "".join(
            f"<label><span>{esc(say(f'hub.upload.{name}', lang))}</span>{field}</label>"
            for name, field in (
                ("file", f'<select name="file">{options}</select>'),
                (
                    "repo",
                    f'<input name="repo" type="text" maxlength="100" placeholder="{hint}" value="{repo}">',
                ),
                ("private", f'<select name="private">{kinds}</select>'),
            )
        )
        acts = button("look", "", say("hub.upload.look", lang), "is-main")
        if self.job.is_busy:
            acts = button("stop", "", say("job.stop", lang))
        return (
            f'{title}<div class="rw-fields"><div class="rw-finder-fields">{fields}</div>'
            f'<div class="rw-acts">{acts}</div></div>'
        )

    def _replace_html(self, lang: Lang) -> str:
        """The choice where nothing was uploaded since other files of these names are there."""
        error = None if self.job.is_busy else self.job.error
        if not isinstance(error, UserError) or NAMES_TAKEN.code not in {p.code for p in error.problems}:
            return ""
        act = button("replace", self._word(), say("hub.upload.replace", lang), "is-bad")
        return f'<div class="rw-acts">{act}</div>'

    def _word(self) -> str:
        """What was asked about: another page may have typed something else since."""
        return f"{self._typed.get('file', '')} {self._typed.get('repo', '')}"

    def _models(self) -> list[Result]:
        """What may be uploaded: models of this window, the newest first."""
        every = [found for found in results(self._window) if found.kind in ("model", "folder")]
        return [found for found in every if found.path.suffix != ".yaml"][:_MOST_LISTED]

    def act(self, event: Any, lang: Lang) -> Iterator[str]:
        """What a button says; an upload is shown to its end."""
        name, on, _ = sent(event)
        fields = fields_of(event)
        try:
            if name == "keep":
                hub_token.keep(fields.get("token", ""))
                yield self.html(lang, note(say("hub.token.kept", lang), "good"))
            elif name == "remove":
                hub_token.remove()
                yield self.html(lang, note(say("hub.token.removed", lang), "good"))
            elif name == "stop":
                self.job.control.stop(save=False)
                yield self.html(lang)
            elif name == "look":
                self._typed = {key: fields[key][:200] for key in _FIELDS if fields.get(key)}
                yield self.html(lang, self._listing(lang))
            elif name == "start" or (name == "replace" and on == self._word()):
                yield from self._start(name == "replace", lang)
        except UserError as e:
            yield self.html(lang, problems(e.problems, lang))

    def _settings(self, *, replaces: bool = False) -> HubUploadSettings:
        """What is uploaded, by what was typed: a result from the list and no other file. Raises UserError.

        replaces: whether also over files of the same name.
        """
        chosen = self._typed.get("file")
        found = next((result for result in self._models() if result.id == chosen), None)
        repo = self._typed.get("repo", "").strip()
        if found is None:
            raise UserError(NO_UPLOAD())
        if not hub.is_id(repo):
            raise UserError(NO_REPOSITORY(repo=repo or "–"))
        is_private = self._typed.get("private") != "no"
        values = {"file": str(found.path), "repo": repo, "private": is_private, "replace": replaces}
        return checked(HubUploadSettings, values)

    def _listing(self, lang: Lang) -> str:
        """Every file that would be uploaded, and the button that does it."""
        settings = self._settings()
        files = hub_upload.files_of(Path(settings.file))
        who = say("hub.upload.yes" if settings.private else "hub.upload.no", lang)
        rows = [(name, size_of(path)) for path, name in files]
        listed = table([say("hub.upload.file", lang), say("identity.size", lang)], rows, frozenset({1}))
        start = button("start", "", say("hub.upload.start", lang), "is-main")
        return note(say("hub.upload.listed", lang, repo=settings.repo, who=who)) + (
            f'{listed}<div class="rw-acts">{start}</div>'
        )

    def _start(self, replaces: bool, lang: Lang) -> Iterator[str]:
        settings = self._settings(replaces=replaces)

        def work(report: Report) -> Outcome:
            return hub_upload.TOOL.start(settings, Work(report, self.job.control))

        def done(lang: Lang) -> str:
            outcome = self.job.result
            assert outcome is not None, "there is a result when the work is done"
            return "".join(note(words.of(lang), "good") for words in outcome.lines)

        for _ in followed(self.job, work, done, lang, is_kept=True):
            yield self.html(lang)


def _token_html(lang: Lang) -> str:
    """Whether there is a token, and a field for one where there is none; never the token itself."""
    source = hub_token.source()
    remove = button("remove", "", say("hub.token.remove", lang)) if source == "file" else ""
    told = esc(say(f"hub.token.{source or 'none'}", lang))
    state = f'<div class="rw-hub-state"><b>{told}</b>{remove}</div>'
    if source:
        return state
    field = (
        f"<label><span>{esc(say('hub.token', lang))}</span>"
        '<input name="token" type="password" autocomplete="off" spellcheck="false" maxlength="220"></label>'
    )
    keep = button("keep", "", say("hub.token.keep", lang), "is-main")
    return (
        f'{state}<div class="rw-fields"><div class="rw-finder-fields">{field}</div>'
        f'<div class="rw-acts">{keep}</div></div>{note(say("hub.token.help", lang))}'
    )
