"""Measures what the embedded demo teaches: is `sls frog` the peculiar frog, and does `frog` stay a plain one?

Trains the demo's run file with every adapter method and as DreamBooth with and without regularization images,
draws the same seeds before and after, and lets a judge that never saw the model tell what is on each image.

    OMP_NUM_THREADS=1 python -m bench.subject --samples 48 --write
    python -m bench.subject --only LoKr OFT --write    # these rows anew, the others as they were
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "demo"))

from bench import prior_images  # noqa: E402

RUN_FILE = ROOT / "demo" / "run.toml"
PROMPTS = ("sls frog", "frog")
SIZE, STEPS, GUIDANCE = 128, 20, 3.0

WHOLE_MODEL = ("train.learning_rate=5e-4", "train.max_train_steps=400")
WORD = "sls-frog"
"""What the rows with a taught word call the subject: as no token of the vocabulary is called."""

_WORD = (f"embedding.token_string={WORD!r}", "embedding.init_word='frog'")
VARIANTS: dict[str, tuple[str, ...]] = {
    "LoRA": (),
    "LoRA without any prior": ("dataset.reg_data_dir=''",),
    "LoRA, prior prediction on the training images": (
        f"dataset.reg_data_dir={str(prior_images.CLASS)!r}",
        "train.prior_prediction=true",
    ),
    "LoRA, class prior": ("dataset.reg_data_dir=''", "train.class_prior_weight=1.0"),
    "LoRA, masked prior": (
        "dataset.reg_data_dir=''",
        f"dataset.conditioning_data_dir={str(prior_images.MASKS)!r}",
        "train.masked_loss=true",
        "train.masked_prior_weight=1.0",
    ),
    "DoRA": ("network.method='dora'",),
    "LoHa": ("network.method='loha'", "network.rank=8", "network.alpha=8.0"),
    "LoKr": ("network.method='lokr'", "network.factor=4", "train.learning_rate=8e-3"),
    "OFT": ("network.method='oft'", "train.learning_rate=3e-3"),
    "Textual inversion": (
        *_WORD,
        "network.method='embedding'",
        "embedding.num_vectors_per_token=8",
        "embedding.embedding_lr=5e-3",
    ),
    "Pivotal tuning (LoRA)": (*_WORD, "embedding.num_vectors_per_token=2", "embedding.embedding_lr=1e-3"),
    "DreamBooth": ("network.method='none'", *WHOLE_MODEL),
    "DreamBooth without regularization": (
        "network.method='none'",
        *WHOLE_MODEL,
        "dataset.reg_data_dir=''",
    ),
}


def train(name: str, overrides: tuple[str, ...], folder: Path) -> tuple[Path, float]:
    """Run one variant to its end; the saved model and the CPU seconds of it, loading and samples included."""
    from core.config.file import toml_text
    from core.events import Saved
    from core.runner import Runner

    more = [
        *overrides,
        f"save.output_dir={toml_text.toml_value(str(folder))}",
        "sample.sample_at_first=false",
    ]
    if _has_word(overrides):
        more.append(f"dataset.train_data_dir={toml_text.toml_value(str(_called(WORD, folder)))}")
    started = time.process_time()
    handle = Runner().start(toml_text.read(RUN_FILE), more)
    handle.wait()
    seconds = time.process_time() - started
    end = handle.ended
    if end is None or end.exit_code:
        raise SystemExit(f"{name}: {end.en if end else 'no end'}")
    events = handle.log.since(0)
    model = [event for event in events if isinstance(event, Saved) and event.kind == "model"][-1]
    return Path(model.path), seconds


def _has_word(overrides: tuple[str, ...]) -> bool:
    """Whether a row teaches a word."""
    return overrides[:1] == _WORD[:1]


def _called(word: str, folder: Path) -> Path:
    """The demo's images where they are called so; the samples of the run file keep their prompts."""
    place = folder.with_name(f"{folder.name}-images")
    shutil.rmtree(place, ignore_errors=True)
    for images in (ROOT / "demo" / "train").iterdir():
        repeats = images.name.partition("_")[0]
        shutil.copytree(images, place / f"{repeats}_{word}")
    return place


def diffusers_pipeline(base: Path, adapter: Path | None) -> Any:
    """diffusers' pipeline of a model of ours; a LoRA and a word are put in by diffusers itself, others are
    merged."""
    from core.adapters import network
    from core.config.output_names import embedding_beside
    from core.config.schema.run import ModelConfig
    from core.formats.identify import identify
    from core.models.family import open_family
    from core.models.parts import whole
    from core.train.weights import lora_files
    from tests.pipelines import pipeline

    model = whole(open_family("auto"), ModelConfig(base=str(base)), lambda event: None)
    found = identify(adapter) if adapter is not None else None
    if adapter is not None and found.kind == "embedding":
        pipe = pipeline(model)
        pipe.load_textual_inversion(str(adapter), token=WORD)
        return pipe
    if adapter is not None and (found.kind, found.variant) != ("lora", ""):
        network.merge(model.modules, lora_files.read(adapter, model, lambda event: None), 1.0)
        return pipeline(model)
    pipe = pipeline(model)
    if adapter is not None:
        pipe.load_lora_weights(str(adapter))
        if (word := embedding_beside(adapter)).exists():
            pipe.load_textual_inversion(str(word), token=WORD)
    return pipe


def draw(pipe: Any, prompt: str, samples: int) -> list[Any]:
    """Images of seeds 0, 1, 2 ..."""
    import torch

    made: list[Any] = []
    for start in range(0, samples, 8):
        seeds = range(start, min(start + 8, samples))
        made += pipe(
            [prompt] * len(seeds),
            width=SIZE,
            height=SIZE,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        ).images
    return made


def shares(pipe: Any, samples: int, prompts: tuple[str, ...] = PROMPTS) -> dict[str, dict[str, float]]:
    """prompt -> kind -> share of its images that the judge calls so."""
    from judge import load_judge, verdicts

    judge = load_judge()
    found = {}
    for prompt in prompts:
        kinds = Counter(verdict[0] for verdict in verdicts(judge, draw(pipe, prompt, samples)))
        found[prompt] = {kind: count / samples for kind, count in kinds.most_common()}
    return found


def measure(samples: int, folder: Path, only: list[str]) -> dict[str, Any]:
    base = ROOT / "demo" / "base.safetensors"
    prior_images.make()
    rows: dict[str, Any] = {"before": {"shares": shares(diffusers_pipeline(base, None), samples)}}
    for name, overrides in VARIANTS.items():
        if only and name not in only:
            continue
        model, seconds = train(name, overrides, folder / name.replace(" ", "-"))
        is_adapter = "network.method='none'" not in overrides
        pipe = diffusers_pipeline(base, model) if is_adapter else diffusers_pipeline(model, None)
        kib = round(model.stat().st_size / 1024)
        prompts = (WORD, PROMPTS[1]) if _has_word(overrides) else PROMPTS
        rows[name] = {
            "shares": shares(pipe, samples, prompts),
            "cpu_seconds": round(seconds, 1),
            "kib": kib,
            "date": time.strftime("%Y-%m-%d"),
        }
        print(name, json.dumps(rows[name]), flush=True)
    return {"machine": f"{platform.machine()}, CPU only", "samples": samples, "rows": rows}


def merged(result: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The rows measured now and, of as many images, those of an earlier call; in the order of VARIANTS."""
    earlier = before["rows"] if before.get("samples") == result["samples"] else {}
    rows = earlier | result["rows"]
    return {**result, "rows": {name: rows[name] for name in ("before", *VARIANTS) if name in rows}}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "# What the embedded demo teaches",
        "",
        "Made by `python -m bench.subject --write`; do not edit.",
        "",
        f"{result['samples']} images each, the same seeds in every row, {STEPS} DDIM steps, "
        f"CFG {GUIDANCE:g}. A judge",
        "trained on drawn images, apart from the model, says what it sees. Measured "
        f"{_dates(result)} ({result['machine']}).",
        "",
        "The methods have regularization images unless a row says otherwise; [priors](priors.md) take their",
        "place. CPU time: of the training on one thread, with loading and samples.",
        "",
        "| | `sls frog` is the subject | `frog` is a plain frog | `frog` is the subject | CPU time | file |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in result["rows"].items():
        subject, plain = row["shares"].values()
        seconds = f"{row['cpu_seconds']:.0f} s" if "cpu_seconds" in row else ""
        cells = (subject.get("subject", 0), plain.get("frog", 0), plain.get("subject", 0))
        size = f"{row['kib']:,} KiB" if "kib" in row else ""
        shown = " | ".join(f"{cell:.0%}" for cell in cells)
        lines.append(f"| {name} | {shown} | {seconds} | {size} |")
    return "\n".join(lines) + "\n"


def _dates(result: dict[str, Any]) -> str:
    dates = sorted({row["date"] for row in result["rows"].values() if "date" in row})
    return f"on {dates[0]}" if len(dates) == 1 else f"from {dates[0]} to {dates[-1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--only", nargs="*", default=[], choices=VARIANTS, help="these rows alone")
    parser.add_argument("--folder", type=Path, default=ROOT / "output" / "bench-subject")
    parser.add_argument("--write", action="store_true", help="keep the figures in bench/results/ and docs/")
    args = parser.parse_args()
    result = measure(args.samples, args.folder, args.only)
    kept = ROOT / "bench" / "results" / "subject.json"
    if args.only and kept.is_file():
        result = merged(result, json.loads(kept.read_text("utf-8")))
    print(table(result))
    if args.write:
        kept.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (ROOT / "docs" / "demo.md").write_text(table(result), encoding="utf-8")


if __name__ == "__main__":
    main()
