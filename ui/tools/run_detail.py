"""What stands below the row of a run that is opened: its saved models with their samples, and the acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.counting import size_text
from core.errors import Lang
from core.runs import checkpoints
from core.runs.checkpoints import Checkpoint
from core.runs.compare import Story
from core.runs.judgement import Judged
from core.runs.past_runs import LONGEST_TITLE, PastRun, Record
from core.trash import OF_RUNS
from ui.parts.html_events import button
from ui.parts.images import figure
from ui.parts.markup import esc, leads_to, note
from ui.parts.thumbs import Thumbs
from ui.text import say
from ui.tools.run_list import AGAIN, message_html, name_of, places_html, try_button
from ui.window.paths import Paths
from ui.window.results import Result, download_html, of_path

MOST = 60
"""Checkpoints that are shown; a run that saves more has them in its folder."""
MOST_IMAGES = 6
SIDE = 384


@dataclass(frozen=True)
class Asked:
    """What the page asks about: to remove a run ("trash"), or to delete the model called `file`."""

    what: str = ""
    file: str = ""


def detail_html(
    record: Record,
    story: Story,
    asked: Asked,
    results: Mapping[str, Result],
    places: tuple[Paths, Thumbs],
    lang: Lang,
) -> str:
    """Everything about one run."""
    run, (paths, thumbs) = record.run, places
    found = checkpoints.of_run(run, {round(step): loss for step, loss in story.validation})
    images = _images(story, lang)
    rows = "".join(
        _checkpoint_html(run, one, images.get(one.step, ()), asked, (results, paths, thumbs), lang)
        for one in found[:MOST]
    )
    title = say("checkpoints.title", lang, n=len(found)) if found else say("checkpoints.none", lang)
    listed = f'<h4>{esc(title)}</h4><ul class="rw-checkpoints">{rows}</ul>' if found else note(title)
    return (
        message_html(run, lang)
        + listed
        + (_beside_html(run, paths, lang) if found else "")
        + _deleted_html(run, lang)
        + _files_html(run, results, lang)
        + places_html(run, paths, lang)
        + _acts_html(record, asked, paths, lang)
    )


def _images(story: Story, lang: Lang) -> dict[int, list[tuple[str, Path]]]:
    """Step -> the sample of each prompt."""
    found: dict[int, list[tuple[str, Path]]] = {}
    for (prompt, seed), images in story.images.items():
        drawn = f"{prompt} · {say('run.sample.seed', lang, seed=seed)}"
        for step, path in images.items():
            found.setdefault(step, []).append((drawn, path))
    return found


def _checkpoint_html(
    run: PastRun,
    one: Checkpoint,
    images: Sequence[tuple[str, Path]],
    asked: Asked,
    places: tuple[Mapping[str, Result], Paths, Thumbs],
    lang: Lang,
) -> str:
    results, paths, thumbs = places
    marks = []
    if one.is_best:
        marks.append(f'<em class="rw-best">{esc(say("checkpoints.best", lang))}</em>')
    if one.judged is not None and one.judged.is_best:
        marks.append(f'<em class="rw-best">{esc(say("checkpoints.judged.best", lang))}</em>')
    if one.kind == "last":
        marks.append(f"<em>{esc(say('checkpoints.last', lang))}</em>")
    told = [size_text(one.size_bytes)]
    if one.loss is not None:
        told.insert(0, say("checkpoints.loss", lang, loss=f"{one.loss:.4f}"))
    judged = f"<small>{esc(_judged_text(one.judged, lang))}</small>" if one.judged is not None else ""
    shown = "".join(_figure(path, words, thumbs) for words, path in images[:MOST_IMAGES])
    strip = shown or f'<span class="rw-no-images">{esc(say("checkpoints.no.images", lang))}</span>'
    if asked == Asked("delete", one.path.name):
        acts = _sure_html(run, one, paths, lang)
    else:
        acts = f'<div class="rw-acts">{_checkpoint_acts(run, one, of_path(results, one.path), lang)}</div>'
    step = say("run.sample.step", lang, step=one.step)
    return (
        f'<li><div class="rw-checkpoint"><b>{esc(step)}</b>{"".join(marks)}'
        f"<small>{esc(one.path.name)}</small><small>{esc(' · '.join(told))}</small>{judged}</div>"
        f'<div class="rw-checkpoint-images">{strip}</div>{acts}</li>'
    )


def _judged_text(judged: Judged, lang: Lang) -> str:
    """The two shares that a judge gave; a dash for one that could not be told."""
    learned, kept = ("–" if share is None else f"{share:.0%}" for share in (judged.learned, judged.kept))
    return say("checkpoints.judged", lang, learned=learned, kept=kept)


def _figure(path: Path, words: str, thumbs: Thumbs) -> str:
    try:
        return figure(thumbs.of(path, SIDE), words)
    except OSError:
        return ""  # deleted by its owner, or no image; the others are shown


def _checkpoint_acts(run: PastRun, one: Checkpoint, result: Result | None, lang: Lang) -> str:
    on = f"{name_of(run)}/{one.path.name}"
    acts = try_button(result, lang) + download_html(result.address, lang) if result else ""
    acts += button("continue", on, say("checkpoints.continue", lang), fills=True)
    if run.status != "running":
        acts += button("delete", on, say("checkpoints.delete", lang), "is-quiet")
    return acts


def _sure_html(run: PastRun, one: Checkpoint, paths: Paths, lang: Lang) -> str:
    folder = paths.short(str(run.folder.parent / OF_RUNS))
    words = say("checkpoints.sure", lang, file=one.path.name, size=size_text(one.size_bytes), folder=folder)
    on = f"{name_of(run)}/{one.path.name}"
    return (
        f'<div class="rw-asked">{note(words)}<div class="rw-acts">'
        + button("delete-yes", on, say("runs.trash.yes", lang), "is-bad")
        + button("no", name_of(run), say("runs.trash.no", lang))
        + "</div></div>"
    )


def _beside_html(run: PastRun, paths: Paths, lang: Lang) -> str:
    """Buttons that lead to the cards for all of its models, and name the run there (script/tools.js)."""
    place = esc(paths.short(str(run.folder)))
    acts = "".join(
        f'<button type="button" class="rw-act" data-named-run="{place}" data-named-field="{tool}-run"'
        f" {leads_to(f'card-{tool}', 'tools')}>{esc(say(f'checkpoints.{tool}', lang))}</button>"
        for tool in ("compare", "judge")
    )
    return f'<div class="rw-acts">{acts}</div>'


def _deleted_html(run: PastRun, lang: Lang) -> str:
    files = checkpoints.deleted(run)
    rows = "".join(
        f'<li class="rw-plain"><span>{esc(path.name)}</span>'
        f"{button('undelete', f'{name_of(run)}/{path.name}', say('runs.back', lang))}</li>"
        for path in files
    )
    title = esc(say("checkpoints.trash", lang))
    return f'<h4>{title}</h4><ul class="rw-runs">{rows}</ul>' if files else ""


def _files_html(run: PastRun, results: Mapping[str, Result], lang: Lang) -> str:
    """The samples of a run, to be fetched."""
    places = (run.folder / "samples", run.folder / "samples.png")
    found = [result for place in places if (result := of_path(results, place))]
    links = "".join(
        f'<a class="rw-download" href="{esc(result.address)}" download>'
        f"{esc(say(f'results.kind.{result.kind}', lang))} ({esc(size_text(result.size_bytes))})</a>"
        for result in found
    )
    return f'<h4>{esc(say("runs.files", lang))}</h4><div class="rw-acts">{links}</div>' if links else ""


def _acts_html(record: Record, asked: Asked, paths: Paths, lang: Lang) -> str:
    run, name = record.run, name_of(record.run)
    if asked.what == "trash":
        folder = paths.short(str(run.folder.parent / OF_RUNS))
        return (
            f'<div class="rw-asked">{note(say("runs.trash.sure", lang, folder=folder))}<div class="rw-acts">'
            + button("trash-yes", name, say("runs.trash.yes", lang), "is-bad")
            + button("no", name, say("runs.trash.no", lang))
            + "</div></div>"
        )
    acts = button("load", name, say("runs.load", lang), fills=True) if record.values else ""
    if run.status in AGAIN and record.values:
        acts += button("again", name, say("runs.again", lang))
    if run.status != "running":
        acts += button("trash", name, say("runs.trash", lang), "is-quiet")
    rename = button("rename", name, say("runs.rename", lang), "is-main")
    field = (
        f'<div class="rw-rename rw-fields"><label>{esc(say("runs.name", lang))}'
        f'<input name="title" value="{esc(run.title)}" placeholder="{esc(run.name)}"'
        f' maxlength="{LONGEST_TITLE}"></label>{rename}</div>'
    )
    return f'{field}<div class="rw-acts">{acts}</div>'
