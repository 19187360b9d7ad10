"""Pictures on the page: crops side by side, samples as prompt x step. A click shows one large."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from core.errors import Lang
from core.events import Saved
from core.sheet import grid
from ui.parts.markup import esc
from ui.parts.thumbs import Thumbs
from ui.text import say

MOST_STEPS = 4
MOST_PROMPTS = 12

# One dialog for every picture that has data-zoom; no library, nothing from elsewhere.
ZOOM = """<script>
document.addEventListener('click', (event) => {
  const picture = event.target.closest('[data-zoom]');
  if (!picture) return;
  event.preventDefault();
  const dialog = document.createElement('dialog');
  dialog.className = 'rw-zoom';
  const large = document.createElement('img');
  large.src = picture.dataset.zoom;
  large.alt = picture.dataset.caption || '';
  const caption = document.createElement('p');
  caption.textContent = picture.dataset.caption || '';
  dialog.append(large, caption);
  dialog.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
});
</script>"""


def url(file: str | Path) -> str:
    """Where the page finds a file of the window's own cache."""
    return f"/gradio_api/file={quote(str(file))}"


def figure(file: str | Path, caption: str, prompt: str = "") -> str:
    """A small picture with its caption and, below it, its prompt; a click shows it large."""
    address, words = esc(url(file)), esc(f"{caption} · {prompt}" if prompt else caption)
    below = f"<span>{esc(prompt)}</span>" if prompt else ""
    return (
        f'<figure class="rw-figure"><button type="button" data-zoom="{address}" data-caption="{words}">'
        f'<img src="{address}" alt="{words}" loading="lazy"></button>'
        f"<figcaption>{esc(caption)}{below}</figcaption></figure>"
    )


def figures(title: str, pictures: Iterable[tuple[str, str, str]]) -> str:
    """A titled field of pictures: (file, caption, prompt) of each."""
    drawn = "".join(figure(*picture) for picture in pictures)
    return f'<section class="rw-figures"><h4>{esc(title)}</h4><div>{drawn}</div></section>' if drawn else ""


def sample_grid(samples: Sequence[Saved], thumbs: Thumbs, lang: Lang) -> str:
    """A row for each prompt: its first picture, which is before the training, and its latest ones."""
    steps, rows = grid(samples)
    shown = [*steps[:1], *steps[1:][-(MOST_STEPS - 1) :]]
    drawn = "".join(
        _row(row.prompt, {step: found[step] for step in shown if step in found}, thumbs, lang)
        for row, found in [*rows.items()][:MOST_PROMPTS]
    )
    title = esc(say("run.samples", lang))
    return f'<section class="rw-samples"><h4>{title}</h4>{drawn}</section>' if drawn else ""


def _row(prompt: str, found: Mapping[int, Path], thumbs: Thumbs, lang: Lang) -> str:
    pictures = []
    for step, path in found.items():
        try:
            file = thumbs.of(path)
        except OSError:
            continue  # deleted by its owner; the others are shown
        when = say("run.sample.step", lang, step=step) if step else say("run.sample.before", lang)
        pictures.append(figure(file, when))
    return f'<div class="rw-prompt">{esc(prompt)}</div><div class="rw-row">{"".join(pictures)}</div>'
