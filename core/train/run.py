"""From a run file to a trained model: every part of a run, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.catalog import OPTIMIZERS, Role
from core.config import base_family
from core.config.output_names import model_name
from core.config.rules import idle, loss, ruleset
from core.config.schema.run import RunConfig
from core.control import RunControl
from core.data.plan import as_json, class_words, word_in_captions
from core.data.plan import plan as planning
from core.data.plan.plan import Plan
from core.errors import Problem, UserError
from core.events import Emit, PlanReady, StageProgress, Warned
from core.forecast import disk
from core.models import embedding_precheck, lora_precheck, precheck
from core.models.family import Family, Model, family_of
from core.patience import of_run
from core.run_folder import is_main_process
from core.runs import sample_prompts
from core.runs.sample_prompts import Prompt
from core.runs.state_folder import Found
from core.train import lengths, messages, prior, resuming, run_checks
from core.train.device.cpu import use_products
from core.train.device.engine import Engine, world_size
from core.train.ending import train_to_the_end
from core.train.inputs import loading, loss_masks
from core.train.inputs.text_states import TextStates
from core.train.lengths import Lengths
from core.train.loop import freeze_text_encoder, freeze_word, keep_text
from core.train.outputs.model_file import ModelWriter, resolved_format
from core.train.outputs.samples import Samples
from core.train.outputs.saving import Outputs
from core.train.outputs.state import Progress, StateWriter
from core.train.step import BatchLoss
from core.train.training import Training
from core.train.validation import Validation
from core.train.weights import learned_word, lora_files, lr_schedule
from core.train.weights import optimizer as optim
from core.train.weights import trained as trainee
from core.train.weights.ema import Averages
from core.train.weights.fused_update import FusedUpdate
from core.train.weights.learned_word import LearnedWord
from core.train.weights.stochastic_rounding import HalfStep
from core.train.weights.update import Update


@dataclass(frozen=True)
class Job:
    """What a user asked for, checked as far as that goes without the model.

    began: when the run did, by time.monotonic. steps: what lengths given as a share of the run come to.
    has_stopped, has_word_stopped: whether the text encoder, or the taught word, of the state that is resumed
    has stopped learning. inexact: what shapes the weights and has changed since that state was saved.
    """

    config: RunConfig
    folder: Path
    plan: Plan
    total_steps: int
    rates: dict[Role, float]
    found: Found | None
    steps: Lengths
    began: float
    has_stopped: bool = False
    has_word_stopped: bool = False
    inexact: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        assert self.config.train.seed is not None, "the runner draws a seed before the run"
        return self.config.train.seed

    @property
    def trains_text(self) -> bool:
        """Whether gradients flow into the text encoders."""
        return "text" in self.rates or self.config.teaches_word


def run(config: RunConfig, folder: Path, control: RunControl, emit: Emit) -> Problem | None:
    """Train as the run file says; what is to be said of the end, when it came before the last step.

    folder: the run folder, which exists. Raises StopRun, UserError (refused), NumericFault, ResourceFault.
    torch's global generators are left as they were found.
    """
    job = prepare(config, folder, control, emit)
    if job.found is not None and resuming.is_finished(config, job.found, job.total_steps, emit):
        return None
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else []
    with (
        torch.random.fork_rng(devices=devices),
        torch.enable_grad(),
        Engine(config.train.precision) as engine,
    ):
        training, progress = build(job, engine, control, emit)
        if training.is_over(progress):
            training.outputs.save(progress, {"last"}, training.epoch_of(progress.step), control)
        else:
            train_to_the_end(training, progress, control, emit)
        return _ended_early(config, progress, job.total_steps)


def _ended_early(config: RunConfig, progress: Progress, total: int) -> Problem | None:
    """What is said of a run that validation ended."""
    if progress.best is None or progress.step >= total:
        return None
    best, name = progress.best, model_name(config.save.output_name, "best", 0)
    return messages.ENDED_EARLY(
        step=progress.step, total=total, waited=best.waited, loss=best.loss, best=best.step, model=name
    )


def prepare(config: RunConfig, folder: Path, control: RunControl, emit: Emit) -> Job:
    """Everything that can be refused before the model is loaded. Raises UserError."""
    assert config.train.seed is not None, "the runner draws a seed before the run"
    began = time.monotonic()
    rates = trainee.rates(config)
    if config.steps_in_backward and world_size() > 1:
        raise UserError(messages.FUSED_PROCESSES(count=world_size()))
    about = run_checks.problems(config)
    if any(problem.is_error for problem in about):
        raise UserError(*about)
    for problem in (*about, *optim.check(config.optimizer)):
        emit(Warned(problem))
    lora_files.check(config.network)
    found = resuming.find(config, emit)
    plan = planning.make(
        config.dataset,
        config.train.seed,
        world_size(),
        lambda done, total: emit(StageProgress("check_images", done, total)),
        patience=of_run(control.check, emit),
        family=base_family.of(config.model.base, config.model.family),
    )
    no_mask = loss_masks.missing(plan) if config.train.masked_loss else ()
    plan = word_in_captions.checked(class_words.checked(plan, config.train), config)
    if plan.problems or no_mask:
        raise UserError(*plan.problems, *no_mask)
    total = plan.total_steps(config.train)
    steps = lengths.lengths(config, total, {})
    job = _resumed(Job(config, folder, plan, total, rates, found, steps, began), emit)
    _refuse_idle(job, rates)
    _fetch_model(config, control, emit)
    if config.dataset.dataset_config:
        file = Path(config.dataset.dataset_config)
        shutil.copyfile(file, folder / f"dataset_config{file.suffix}")
    count_tokens = word_in_captions.counting(config, family_of(config.model).count_tokens)
    per_epoch = plan.steps_per_epoch(config.train.gradient_accumulation_steps)
    if is_main_process():
        for problem in disk.problems(config, total, per_epoch):
            emit(Warned(problem.as_warning()))
    for notice in (*plan.notices, *as_json.long_captions(plan, count_tokens, config.model.max_token_length)):
        emit(Warned(notice))
    emit(_plan_ready(job))
    return job


def _refuse_idle(job: Job, learning: Collection[str]) -> None:
    """Refuse a run that trains nothing after a while. learning: the roles of the parts that are trained."""
    stop = None if job.config.text_stop is None else job.steps["train.stop_text_encoder_training"]
    if [*learning] == ["text"] and stop is not None and stop < job.total_steps:
        raise UserError(idle.stops_early(stop, job.total_steps))


def _resumed(job: Job, emit: Emit) -> Job:
    """The job as the state that is resumed makes it. Raises UserError when that does not fit."""
    found, config, plan = job.found, job.config, job.plan
    if found is None:
        return job
    kept = lengths.kept_in(found, plan, config)
    changed = resuming.compare(config, found, plan.fingerprint(), kept, emit)
    changed += resuming.compare_rest(config, found, {"world_size": world_size()}, emit)
    steps = lengths.lengths(config, job.total_steps, lengths.unchanged(config, found, kept))
    for notice in lengths.moved(config, job.total_steps, steps):
        emit(Warned(notice))
    has_stopped = lengths.stopped_in(found, kept)
    is_trained = "text" in job.rates  # else it was the taught word alone that stopped
    if has_stopped and is_trained and steps.get("train.stop_text_encoder_training", found.step) >= found.step:
        emit(Warned(messages.TEXT_ENCODER_STOPPED(step=found.step, path=found.path)))
    has_word_stopped = bool(found.values.get("word_stopped"))
    return replace(
        job, steps=steps, has_stopped=has_stopped, has_word_stopped=has_word_stopped, inexact=tuple(changed)
    )


def _checked(config: RunConfig) -> tuple[Problem, ...]:
    """What the model's headers say that is no hindrance. Raises UserError for what is one."""
    found = (
        *precheck.problems(config.model),
        *lora_precheck.of_run(config.network, config.model),
        *embedding_precheck.of_run(config),
        *ruleset.problems_by_family(config, base_family.of(config.model.base, config.model.family)),
    )
    if any(problem.is_error for problem in found):
        raise UserError(*found)
    return found


def _fetch_model(config: RunConfig, control: RunControl, emit: Emit) -> None:
    """Have the model here when it is named by a Hub id; some gigabytes, so the images come before it."""

    def report(done: int, total: int) -> None:
        emit(StageProgress("fetch_model", done, total))
        control.check_stop()

    if precheck.fetch(config.model, report):
        for problem in _checked(config):
            emit(Warned(problem))


def build(job: Job, engine: Engine, control: RunControl, emit: Emit) -> tuple[Training, Progress]:
    """Load, cache, attach, restore: a training that is ready to go on from where the progress says."""
    config = job.config
    family = family_of(config.model)
    model = family.open(config.model, emit)
    _check_prediction(config, model.objective.name, emit)
    model.objective = family.objective(model, config.train).to(engine.device)
    parts = loading.Parts(family, model, config, engine, control, emit)
    batches, validation_batches = loading.load_images(parts, job.plan, job.total_steps)
    text = TextStates(family, model, config.model, engine, job.trains_text, parts.load)
    prompts = sample_prompts.parse(config.sample.sample_prompts, config.dataset.resolution, job.seed)
    texts = _fixed_texts(job, prompts)
    loading.load_texts(parts, text, texts)
    parts.load_missing(model.spec.names("denoiser"))
    identity = _identity(job, parts)
    if job.found is not None:
        changed = resuming.compare_rest(config, job.found, {"base": identity["base"]}, emit)
        job = replace(job, inexact=(*job.inexact, *changed))

    learner = _learner(job, family, model, emit)
    _refuse_idle(job, [part.role for part in model.spec.parts if part.name in learner.names])
    _place(model, learner, config, engine)
    optimizer = optim.make(config.optimizer, learner.groups)
    update = _update(job, engine, learner, optimizer)
    averages = Averages(optimizer, learner.groups, config.train.ema_decay)
    writer = StateWriter(config, job.plan, engine, learner, optimizer, update, averages, identity, job.steps)
    samples = Samples(family, model, text, config, engine, job.folder, prompts, parts.load)
    thumbnail = samples.thumbnail
    product = ModelWriter(config, job.plan, family, model, learner, job.total_steps, optimizer, thumbnail)
    save_as, epochs = resolved_format(config, model), job.plan.epochs(config.train)
    batch_loss = BatchLoss(family, model, text, engine, config.train)
    frozen = prior.make(family, model, learner.network, text, engine, config, parts.load)
    settled = lengths.settled(config, job.steps)
    training = Training(
        config=settled,
        engine=engine,
        model=model,
        trainee=learner,
        text=text,
        batches=batches,
        batch_loss=replace(batch_loss, prior=frozen),
        optimizer=optimizer,
        update=update,
        averages=averages,
        schedule=lr_schedule.make(settled.optimizer, job.total_steps),
        outputs=Outputs(config.save, save_as, averages.averaged()(product), writer, emit, epochs, thumbnail),
        samples=samples,
        validation=Validation(config.train, engine, job.plan, validation_batches, batch_loss, model),
        plan=job.plan,
        texts=texts,
        total_steps=job.total_steps,
    )
    return training, _begin(training, job, writer, control, emit)


def _identity(job: Job, parts: loading.Parts) -> dict[str, object]:
    """What a state is of: the data, the processes and the base model."""
    names = parts.model.spec.names("denoiser", "text", "vae")
    return {
        "plan": job.plan.fingerprint(),
        "world_size": parts.engine.world_size,
        "base": "-".join(parts.fingerprints[part] for part in names),
    }


def _fixed_texts(job: Job, prompts: Sequence[Prompt]) -> tuple[str, ...] | None:
    """Every text to be encoded in the run, captions and sample prompts; None when captions are endless."""
    captions, words = job.plan.fixed_captions(), class_words.of(job.plan, job.config.train)
    if captions is None:
        return None
    about_classes = () if words is None else sorted(class_words.captions(job.plan, words))
    of_prompts = (text for prompt in prompts for text in (prompt.text, prompt.negative))
    return tuple(dict.fromkeys((*captions, *about_classes, *of_prompts)))


def _learner(job: Job, family: Family, model: Model, emit: Emit) -> trainee.Trainee:
    """What is trained: from the start, or from the files that options name; a state comes later."""
    network = job.config.network
    start = lora_files.to_continue(model, network, emit)
    if start is not None and not network.unused_layers:
        # Other trainers write them, with nothing learned in them.
        unused = {part: model.unused(part) for part in model.modules}
        start = {key: module for key, module in start.items() if not key.path.startswith(unused[key.part])}
    ranks = lora_files.ranks_of(network, model.spec, start)
    learner = trainee.make(model, network, ranks, job.config.train, job.seed)
    if learner.network is not None and job.found is None:
        lora_files.continue_from(start, learner.network, network.weights, emit)
    if job.config.teaches_word:
        own = job.config.embedding
        vectors = learned_word.started(family, model, own, job.seed)
        word = LearnedWord(family, model, own.token_string, vectors)
        trainee.teach(learner, word, own.embedding_lr)
    learner.groups = optim.level(job.config.optimizer, learner.groups, job.rates)
    return learner


def _update(job: Job, engine: Engine, learner: trainee.Trainee, optimizer: torch.optim.Optimizer) -> Update:
    """How gradients become weights, in float32 or in half precision."""
    config = job.config
    half_step = None
    if engine.weight_type is not torch.float32:
        half_step = HalfStep(optimizer, job.seed, OPTIMIZERS[config.optimizer.optimizer_type].is_joint)
    parameters = [p for group in learner.groups for p in group.parameters.values()]
    kind = FusedUpdate if config.steps_in_backward else Update
    return kind(engine, optimizer, parameters, config.train.max_grad_norm, half_step)


def _begin(training: Training, job: Job, writer: StateWriter, control: RunControl, emit: Emit) -> Progress:
    """Where the training starts: at its first step, or where the state was saved."""
    progress = Progress(lineage=job.folder.name)
    if job.found is not None:
        if job.has_stopped:
            freeze_text_encoder(training)
        elif job.has_word_stopped:
            freeze_word(training)
        progress, notices = writer.restore(job.found, bool(job.inexact))
        progress.inexact = [*dict.fromkeys((*progress.inexact, *job.inexact))]
        for problem in notices:
            emit(Warned(problem))
    progress.began, progress.run = job.began, job.folder.name
    if (notice := training.validation.notice(job.config.save.save_best)) is not None:
        emit(notice)
    if job.has_stopped:
        keep_text(training, control, emit)
    return progress


def _check_prediction(config: RunConfig, prediction: str, emit: Emit) -> None:
    """Refuse, or warn of, options that are for models of the other prediction type."""
    found = [*loss.misfits(config.train, prediction)]
    errors = [problem for problem in found if problem.is_error]
    if errors:
        raise UserError(*errors)
    if config.model.prediction == "auto":  # else the checker has said it already
        for notice in found:
            emit(Warned(notice))


def _place(model: Model, learner: trainee.Trainee, config: RunConfig, engine: Engine) -> None:
    """What trains on the device and in its type, activations recomputed if asked."""
    learner.to(engine.weight_type)
    for part in learner.names:
        model.modules[part].to(engine.device)
    if engine.device.type == "cpu":
        use_products(model.denoiser)
    if config.train.gradient_checkpointing:
        trainee.enable_checkpointing(
            learner.modules(), keeps_random=trainee.dropouts_of(config.network).is_any
        )


def _plan_ready(job: Job) -> PlanReady:
    plan, train = job.plan, job.config.train
    reg_images = sum(image.is_reg for image in plan.images)
    return PlanReady(
        images=len(plan.images) - reg_images - len(plan.validation),
        reg_images=reg_images,
        samples_per_epoch=plan.train_samples + plan.reg_samples,
        steps_per_epoch=plan.steps_per_epoch(train.gradient_accumulation_steps),
        steps=job.total_steps,
        epochs=plan.epochs(train),
        buckets=tuple(as_json.buckets(plan)),
        step=0 if job.found is None else job.found.step,
        seconds=0.0 if job.found is None else job.found.values.get("seconds", 0.0),
    )
