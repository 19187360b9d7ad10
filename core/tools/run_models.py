"""The saved models of a run, or adapter files by themselves, as sources of images; no torch.

What a run file names is resolved by the caller's rule for paths (Work.place).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from core.config import check
from core.config.output_names import embedding_beside
from core.config.schema.dataset import DatasetConfig
from core.config.schema.model import ModelConfig
from core.config.schema.run import RunConfig
from core.config.schema.save import SaveConfig
from core.config.schema.train import TrainConfig
from core.data.sources.find import find
from core.errors import UserError
from core.families import FAMILIES
from core.formats.identify import identify
from core.models import precheck
from core.runs import checkpoints, past_runs, sample_prompts
from core.runs.checkpoints import Checkpoint
from core.runs.past_runs import RUN_FILE, RUNS, PastRun
from core.runs.sample_prompts import Prompt
from core.tools import messages, words
from core.tools.tool import Work
from core.tools.try_settings import Source, TaughtWord

T = TypeVar("T")


@dataclass(frozen=True)
class Tried:
    """One model to draw with. name: in sheets and names of files, Latin. saved: as the run keeps it."""

    name: str
    source: Source
    saved: Checkpoint | None = None


@dataclass(frozen=True)
class Lineup:
    """The base model, and the models that are set beside it, the earliest first.

    run, config: None for adapter files by themselves.
    """

    base: Source
    models: tuple[Tried, ...]
    sampler: str
    run: PastRun | None = None
    config: RunConfig | None = None

    @property
    def is_whole(self) -> bool:
        """Whether they have no strength, being models by themselves or words."""
        return all(model.source.lora is None for model in self.models)


def of_run(text: str, most: int, work: Work) -> Lineup:
    """The models of a run, at most so many, evenly over it. text: its folder, or its name behind a folder.

    Raises UserError.
    """
    run = _run(Path(text))
    work.place(str(run.folder), "run")  # it may lie beside what was named
    config = check.load(run.folder / RUN_FILE).config
    by_step: dict[int, Checkpoint] = {}
    for one in checkpoints.of_run(run):  # the newest first, of a step its last or best
        by_step.setdefault(one.step, one)
    saved = spread(sorted(by_step.values(), key=lambda one: one.step), most)
    if not saved:
        raise UserError(messages.RUN_NO_MODELS(path=run.folder))
    model = config.model.model_copy(
        update={
            "base": work.place(config.model.base, "model.base"),
            "vae": work.place(config.model.vae, "model.vae") if config.model.vae else None,
        }
    )
    base = Source(model, config.train, config.dataset.resolution)
    models = [Tried(f"step {one.step}", source_of(base, one.path, config), one) for one in saved]
    _refuse(base, models)
    return Lineup(base, tuple(models), config.sample.sample_sampler, run, config)


def of_files(paths: Sequence[str], base: str) -> Lineup:
    """Adapter files on a base model, in this order. Raises UserError for what is no adapter for it."""
    family = identify(Path(base)).family if Path(base).exists() else ""
    side = FAMILIES.get(family, next(iter(FAMILIES.values()))).default_size
    source = Source(ModelConfig(base=base), TrainConfig(), (side.width, side.height))
    models = [Tried(Path(path).stem, replace(source, lora=Path(path))) for path in paths]
    _refuse(source, models)
    return Lineup(source, tuple(models), "ddim")


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly over all, the last among them and with more than one the first."""
    if len(items) <= most:
        return list(items)
    if most == 1:
        return [items[-1]]
    return [items[round(n * (len(items) - 1) / (most - 1))] for n in range(most)]


def prompts_of(lines: Sequence[str], lineup: Lineup) -> tuple[Prompt, ...]:
    """Prompts as they were typed, with what they leave open as the run draws its own. Raises UserError."""
    usual = own_prompts(lineup)[:1]
    made = sample_prompts.of_lines(lines, lineup.base.size, 0)
    plain = sample_prompts.of_lines(["x"], lineup.base.size, 0)[0]
    if not usual:
        return made
    filled = []
    for prompt in made:
        steps = usual[0].steps if prompt.steps == plain.steps else prompt.steps
        guidance = usual[0].guidance if prompt.guidance == plain.guidance else prompt.guidance
        negative = prompt.negative or usual[0].negative
        filled.append(
            Prompt(prompt.text, negative, prompt.size, steps, guidance, prompt.seed, prompt.sampler)
        )
    return tuple(filled)


def own_prompts(lineup: Lineup) -> tuple[Prompt, ...]:
    """The sample prompts of the run; () without. A file that holds them is not read here."""
    config = lineup.config
    if config is None or sample_prompts.file_of(config.sample.sample_prompts) is not None:
        return ()
    return sample_prompts.of_lines(config.sample.sample_prompts, lineup.base.size, config.train.seed or 0)


def folder_words(dataset: DatasetConfig) -> tuple[list[str], list[str]]:
    """What the folders call the subjects of a run and their classes: of 20_sls frog "sls frog" and "frog"."""
    folders = [folder for folder in find(dataset).folders if folder.images and folder.prompt]
    subjects = [folder.prompt for folder in folders if not folder.is_reg]
    classes = [folder.prompt for folder in folders if folder.is_reg]
    classes = classes or [rest for one in subjects if (rest := one.partition(" ")[2].strip())]
    return [*dict.fromkeys(subjects)], [*dict.fromkeys(classes)]


def dataset_of(config: RunConfig, work: Work) -> DatasetConfig:
    """The dataset of a run with its places as the caller resolves them. Raises UserError."""
    names = ("train_data_dir", "reg_data_dir", "dataset_config", "in_json", "conditioning_data_dir")
    given = {name: getattr(config.dataset, name) for name in names}
    placed = {name: work.place(path, f"dataset.{name}") for name, path in given.items() if path}
    dataset = config.dataset.model_copy(update=placed)
    if dataset.dataset_config:  # it names more folders
        found = find(dataset)
        masks = (settings.conditioning_data_dir for settings in found.settings)
        for path in (*(folder.path for folder in found.folders), *filter(None, masks)):
            work.place(str(path), "dataset.dataset_config")
    return dataset


def source_of(base: Source, path: Path, config: RunConfig) -> Source:
    """What a run has saved at a path, to draw with. base: its base model."""
    method, word = config.network.method, config.embedding.token_string
    if method == "none":
        whole = base.model.model_copy(update={"base": str(path), "vae": None})
        return replace(base, model=whole)
    if method == "embedding":
        return replace(base, word=TaughtWord(word, path))
    beside = embedding_beside(path)
    return replace(base, lora=path, word=TaughtWord(word, beside) if word and beside.is_file() else None)


def _refuse(base: Source, models: Sequence[Tried]) -> None:
    """Raises UserError for files that are not what they are taken for, before any is loaded."""
    sources = [base, *(model.source for model in models)]
    configs = {source.model.model_dump_json(): source.model for source in sources}
    found = [p for config in configs.values() for p in precheck.problems(config) if p.is_error]
    family = identify(Path(base.model.base)).family if Path(base.model.base).exists() else ""
    loras = [model.source.lora for model in models if model.source.lora is not None]
    found += [problem for path in loras for problem in words.problems(path, family)]
    if found:
        raise UserError(*found)


def _run(path: Path) -> PastRun:
    """The run of a folder, or the newest of a name. Raises UserError where there is none."""
    record = past_runs.read(path) if path.is_dir() else None
    if record is not None:
        return record.run
    for parent in (path.parent, path.parent / SaveConfig().output_dir):
        for run in past_runs.past_runs(parent):
            if path.name in (run.name, run.title):
                return run
    raise UserError(messages.NO_RUN(path=path, folder=RUNS))
