"""Takes the images of docs/gallery.md: every tab and state, both languages, light and dark, desk and phone.

    python -m tests.ui.gallery [--only WORD] [--out FOLDER]

Runs are pretended, with the demo's own images as samples, so that it looks the same each time.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.ui.browser import ROOT, chromium
from tests.ui.scenes import SCENES, Scene
from tests.ui.stage import SIZES, Look, Shown, Stage, staged
from tests.ui.tool_scenes import TOOL_SCENES

TALLEST = {1440: 2300, 1024: 1900, 390: 2600}
"""Pixels of an image's height, by the width of the window."""

QUALITY = 72

EVERY_SCENE = (*SCENES, *TOOL_SCENES)

_LOADED = """[...document.images].every((image) => {
  const box = image.getBoundingClientRect();
  return image.complete || !image.checkVisibility() || box.top > innerHeight || box.bottom < 0 || !box.height;
})"""
"""Every image that is in sight is there; the others are loaded only once they come into sight."""


@dataclass(frozen=True)
class Shot:
    """A scene in a language, colours and a width."""

    scene: Scene
    lang: str
    width: int
    is_dark: bool

    @property
    def name(self) -> str:
        colours = "dark" if self.is_dark else "light"
        return f"{self.scene.name}-{self.lang}-{colours}-{self.width}.webp"


def shots(only: str = "") -> Iterator[Shot]:
    """Every image of the gallery, by language, so that one page serves many."""
    for lang in ("en", "ja"):
        for scene in EVERY_SCENE:
            for width, is_dark in scene.looks[lang]:
                shot = Shot(scene, lang, width, is_dark)
                if only in shot.name:
                    yield shot


def take(page: Shown, stage: Stage, shot: Shot, out: Path) -> None:
    """Put the window and the page into the shot's scene, and write the image."""
    page.size(shot.width)
    page.scheme("dark" if shot.is_dark else "light")
    shot.scene.play(page, stage)
    page.all_seen()
    page.page.mouse.move(0, 0)
    page.page.evaluate("window.scrollTo(0, 0); document.activeElement.blur()")
    if shot.scene.is_whole:
        tall = page.page.evaluate("document.documentElement.scrollHeight")
        height = max(SIZES[shot.width], min(tall, TALLEST[shot.width]))
        page.page.set_viewport_size({"width": shot.width, "height": height})
    if shot.scene.at:
        page.page.evaluate("(at) => document.querySelector(at).scrollIntoView()", shot.scene.at)
    page.page.wait_for_function(_LOADED)
    image = Image.open(io.BytesIO(page.page.screenshot()))
    image.convert("RGB").save(out / shot.name, "WEBP", quality=QUALITY, method=6)


def gallery(wanted: list[Shot], out: Path) -> str:
    """The page that shows the images, with their titles in both languages."""
    lines = [
        "# Gallery · ギャラリー",
        "",
        "Taken by `python -m tests.ui.gallery`; do not edit. Runs are pretended here: the curves are drawn,",
        "and images of the demo stand in for samples; what the demo really learns: [demo.md](demo.md).",
        "",
        "`python -m tests.ui.gallery` で撮影した画面です。学習の状態は説明用の再現で、曲線は作図、",
        "サンプル画像はデモの画像です。デモの実際の学習結果は [demo.md](demo.md) をご覧ください。",
        "",
    ]
    for scene in EVERY_SCENE:
        taken = [shot for shot in wanted if shot.scene is scene and (out / shot.name).is_file()]
        if not taken:
            continue
        lines += [f"## {scene.en} · {scene.ja}", "", f"{scene.more_en}  ", scene.more_ja, ""]
        for shot in taken:
            width = 260 if shot.width == 390 else 720
            lines.append(f'<img src="gallery/{shot.name}" alt="{_said(shot)}" width="{width}">')
        lines.append("")
    return "\n".join(lines)


def _said(shot: Shot) -> str:
    colours = "dark" if shot.is_dark else "light"
    words = {"en": "English", "ja": "日本語"}
    return f"{shot.scene.en} · {shot.scene.ja} ({words[shot.lang]}, {colours}, {shot.width} px)"


def draw(wanted: list[Shot], out: Path) -> list[str]:
    """Take these images with one server and one browser; gives the names of those that could not be."""
    from playwright.sync_api import TimeoutError, sync_playwright

    folder = Path(tempfile.gettempdir()) / "rareword-gallery"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with staged(folder) as stage, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        look = Look(browser, stage)
        page, last, failed = None, None, []
        for shot in wanted:
            is_same = last is not None and last.lang == shot.lang and not (last.scene.act or shot.scene.act)
            for again in (False, True):
                stage.clear()
                if page is None or not is_same or again:
                    # Each page keeps a connection of its own, and a browser has six for one host.
                    look.close()
                    page = look(shot.lang)
                    page.page.set_default_timeout(20_000)
                try:
                    take(page, stage, shot, out)
                except TimeoutError as e:
                    print(f"{shot.name}: {e}", flush=True)
                    continue
                print(shot.name, flush=True)
                break
            else:
                failed.append(shot.name)
            last = shot
        look.close()
        browser.close()
    shutil.rmtree(folder, ignore_errors=True)
    return failed


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Takes the images of docs/gallery.md.")
    parser.add_argument("--only", default="", metavar="WORD", help="only the images with WORD in their name")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "gallery")
    chosen = parser.parse_args(arguments)
    if not chosen.only:
        shutil.rmtree(chosen.out, ignore_errors=True)
    chosen.out.mkdir(parents=True, exist_ok=True)
    wanted = [*shots(chosen.only)]
    failed = draw(wanted, chosen.out)
    if not chosen.only:
        (chosen.out.parent / "gallery.md").write_text(gallery([*shots()], chosen.out), encoding="utf-8")
    total = sum(path.stat().st_size for path in chosen.out.glob("*.webp"))
    print(f"{len(wanted) - len(failed)} images; the folder holds {total / 1e6:.2f} MB")
    if failed:
        raise SystemExit(f"not taken: {', '.join(failed)}")


if __name__ == "__main__":
    main()
