"""What a run leaves in its output folder: names, when, and that nothing of another run is ever lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config import output_names
from core.config.output_names import ENDINGS, model_name, state_name
from core.config.schema.save import SaveConfig
from core.control import RunControl
from core.errors import NumericFault, ResourceFault, UserError
from core.events import Emit, Saved, StageProgress, Warned
from core.formats import atomic_write, sidecar_yaml
from core.runs import owned_files
from core.train.lengths import is_due
from core.train.outputs import messages
from core.train.outputs.state import Kept, Progress, StateWriter
from core.train.outputs.thumbnail import Thumbnail

KEEP_AUTOSAVES = 2
"""The newest may be the one that a crash damaged, so the one before it stays too."""

RETRY_SECONDS = 30.0
RETRIES = 1440
"""The last save of a run, at its end or where it is stopped, is worth waiting for, as nothing else holds what
was learned: twelve hours, a night, for somebody to make room."""

TOLD_EVERY = 20
"""Of these tries one is told: every ten minutes."""

WriteModel = Callable[[Path, Progress, int, str], Path]
"""(path without its ending, progress, epoch, precision as save_precision) -> where the model lies."""


class Outputs:
    """Saves models and states of one run. On processes other than the main one it does nothing."""

    def __init__(
        self,
        config: SaveConfig,
        save_as: str,
        write_model: WriteModel,
        writer: StateWriter,
        emit: Emit,
        epochs: int,
        thumbnail: Thumbnail,
    ) -> None:
        """save_as: the format after "auto" was resolved, a key of ENDINGS. epochs: of the whole run."""
        self._config, self._ending = config, ENDINGS[save_as]
        self._every_n_epochs = config.save_every_n_epochs
        if config.save_n_epoch_ratio is not None:
            self._every_n_epochs = max(1, epochs // config.save_n_epoch_ratio)
        self._write_model, self._writer, self._emit = write_model, writer, emit
        self._folder = Path(config.output_dir)
        self._state_saved_at = time.monotonic()
        self._model_step, self._thumbnail = 0, thumbnail
        self._fresh: dict[Path, int] = {}
        # Whether a file with a taught word is written beside each model.
        self._has_word = writer.trainee.network is not None and writer.trainee.word is not None

    def due(self, step: int, ended_epoch: int, is_last: bool) -> set[str]:
        """What to save after a step. ended_epoch: number of the epoch that this step finished, or 0.

        The last epoch has no save of its own: it is the final one. As in sd-scripts.
        """
        kinds = set()
        if is_due(step, ended_epoch, self._config.save_every_n_steps, None):
            kinds.add("step")
        if is_due(step, ended_epoch, None, self._every_n_epochs) and not is_last:
            kinds.add("epoch")
        if is_last:
            kinds.add("last")
        elif self._is_autosave_due():
            kinds.add("autosave")
        return kinds

    def save(self, progress: Progress, kinds: set[str], epoch: int, control: RunControl) -> None:
        """Save what is due. With a full disk the run goes on, and only the last save waits for room.

        A model whose numbers are not finite is not saved; a state is, and the run goes on as long as the
        trained weights themselves are sound. Raises NumericFault when they are not, or when the last model
        can't be saved.
        """
        if not self._writer.engine.is_main:
            return
        for kind in ("step", "epoch", "autosave"):
            if kind in kinds:
                try:
                    self._save(progress, kind, epoch)
                except ResourceFault as e:
                    self._warn(e, messages.SAVED_LATER)
                except NumericFault as e:
                    self._warn(e, messages.NO_MODEL_SAVED)
                    try:
                        self._keep_sound(progress, kind, epoch)
                    except ResourceFault as fault:
                        self._warn(fault, messages.SAVED_LATER)
        if "last" in kinds:
            try:
                self._persist(lambda: self._save(progress, "last", epoch), control)
            except NumericFault as e:
                place = self._keep_sound(progress, "last", epoch)
                raise NumericFault(*e.problems, messages.ONLY_STATE_SAVED(state=str(place))) from None
            self._remove_autosaves(progress, keep=0)

    def save_best(self, progress: Progress, epoch: int) -> None:
        """Save the model of the best validation so far, in place of the one before; without room for it the
        one before stays, and that is said."""
        if not self._writer.engine.is_main:
            return
        self._emit(StageProgress("save", 0, 1))
        try:
            with atomic_write.explained(self._folder):
                self._save_model(progress, "best", epoch)
        except (NumericFault, ResourceFault) as e:
            self._warn(e, messages.BEST_NOT_SAVED)
        self._emit(StageProgress("save", 1, 1))

    def keep(self, progress: Progress, epoch: int, has_model: bool, control: RunControl) -> None:
        """What a run that ends before its last step leaves: a state, then a model of that step beside it.

        The state waits for room. has_model: whether the model is worth it. Without room for it that is said,
        for the state is there.
        Raises ResourceFault, or NumericFault when a weight is not finite.
        """
        if not self._writer.engine.is_main:
            return

        def save_state() -> None:
            with atomic_write.explained(self._folder):
                self._save_state(progress, "step", epoch)

        self._persist(save_state, control)
        if not has_model or self._model_step == progress.step:
            return
        try:
            with atomic_write.explained(self._folder):
                self._save_model(progress, "step", epoch)
        except (NumericFault, ResourceFault) as e:
            self._warn(e, messages.STATE_SAVED)

    def add_thumbnail(self, progress: Progress) -> None:
        """Give what was saved after this step the sample that was drawn of it then.

        A model is saved before it is sampled, for drawing takes time in which a run may end.
        """
        for place, step in self._fresh.items():
            is_own = owned_files.is_unchanged(place, progress.written.get(place.name))
            if step == progress.step and is_own and self._thumbnail.put_into(place, step):
                progress.written[place.name] = owned_files.stamp(place)

    def _keep_sound(self, progress: Progress, kind: str, epoch: int) -> Path:
        """The state, after a model could not be saved. Raises NumericFault when a weight is not finite."""
        try:
            return self._save_state(progress, kind, epoch)
        except NumericFault as e:
            raise NumericFault(messages.WEIGHTS_NOT_FINITE(step=progress.step), *e.problems) from None

    def _save_state(self, progress: Progress, kind: str, epoch: int) -> Path:
        number = epoch if kind == "epoch" else progress.step
        path = self._folder / state_name(self._config.output_name, kind, number)
        if not owned_files.is_state_of(path, progress.lineage):
            self._set_aside(path)
        place = self._writer.save(path, progress, kind, epoch)
        self._state_saved_at = time.monotonic()
        self._emit(Saved("state", str(place), progress.step, {"kind": kind, "epoch": epoch}))
        return place

    def _save(self, progress: Progress, kind: str, epoch: int) -> None:
        """Raises ResourceFault for whatever the disk has against it."""
        self._emit(StageProgress("save", 0, 1))
        try:
            with atomic_write.explained(self._folder):
                self._save_kind(progress, kind, epoch)
        finally:
            self._emit(StageProgress("save", 1, 1))

    def _save_kind(self, progress: Progress, kind: str, epoch: int) -> None:
        if kind == "autosave":
            self._save_state(progress, kind, epoch)
            self._remove_autosaves(progress, KEEP_AUTOSAVES)
            return
        model = self._save_model(progress, kind, epoch)
        # The state knows of itself too, so that a resumed run knows what to remove one day.
        self._remember(progress, kind, epoch, model)
        self._remove_old_models(progress, kind)
        if self._config.save_state or (kind == "last" and self._config.save_state_on_train_end):
            self._save_state(progress, kind, epoch)
        self._remove_old_states(progress, kind)

    def _save_model(self, progress: Progress, kind: str, epoch: int) -> Path:
        number = epoch if kind == "epoch" else progress.step
        stem = self._folder / model_name(self._config.output_name, kind, number)
        path = stem.with_name(stem.name + self._ending)
        # A run that was killed may have found its best after the last state: resumed, it is not there yet.
        is_of_later = kind == "best" and owned_files.step_of(path) > progress.step
        if is_of_later or not self._is_own_model(path, progress):
            self._set_aside(path)
        word = output_names.embedding_beside(path)
        if self._has_word and not self._is_own_model(word, progress):
            self._set_aside(word)
        place = self._written(path, progress, epoch)
        progress.written[place.name] = owned_files.stamp(place)
        self._fresh = {p: n for p, n in self._fresh.items() if n == progress.step} | {place: progress.step}
        if self._has_word:
            progress.written[word.name] = owned_files.stamp(word)
        info: dict[str, Any] = {"kind": kind, "epoch": epoch}
        if kind == "best" and progress.best is not None:
            info["validation_loss"] = progress.best.loss
        else:  # the best is replaced one day, so it is not what is left of a step
            self._model_step = progress.step
        self._emit(Saved("model", str(place), progress.step, info))
        return place

    def _written(self, path: Path, progress: Progress, epoch: int) -> Path:
        """Write a model; where its numbers do not fit the precision that was asked for, in float32."""
        precision = self._config.save_precision
        try:
            return self._write_model(path, progress, epoch, precision)
        except NumericFault:
            if precision not in ("fp16", "bf16"):
                raise
        place = self._write_model(path, progress, epoch, "float")
        self._emit(Warned(messages.PRECISION_TOO_SMALL(precision=precision, path=place)))
        return place

    def _is_own_model(self, path: Path, progress: Progress) -> bool:
        """Whether a model is as this training wrote it, or says that it comes from it."""
        if owned_files.is_unchanged(path, progress.written.get(path.name)):
            return True
        return owned_files.lineage_of(path) == progress.lineage

    def _set_aside(self, path: Path) -> None:
        """Keep what another run left under this name."""
        if not path.exists():
            return
        if path.name.endswith(output_names.STATE):
            stem, suffix = path.name.removesuffix(output_names.STATE), output_names.STATE
        else:
            stem, suffix = path.name.removesuffix(self._ending), self._ending
        sidecars = owned_files.companions(path)
        names = (path.with_name(f"{stem}.old-{n}{suffix}") for n in range(1, 10_000))
        kept = next(place for place in names if not _is_taken(place, path, sidecars))
        # What belongs to it goes first: of a run that is killed in between it waits there for the next try.
        moved = [(one, owned_files.beside(one, path, kept)) for one in sidecars]
        for one, place in moved:
            one.rename(place)
        try:
            path.rename(kept)
        except PermissionError:
            for one, place in moved:
                place.rename(one)
            return  # Windows: another program holds it; the writer will find another name for the new one.
        run = owned_files.lineage_of(kept)
        if run is None:
            self._emit(Warned(messages.UNKNOWN_KEPT(old=path.name, path=kept)))
        else:
            self._emit(Warned(messages.OTHER_RUN_KEPT(old=path.name, run=run, path=kept)))

    def _remember(self, progress: Progress, kind: str, epoch: int, model: Path) -> None:
        """Note a regular save; one that a user asked for in between is never deleted."""
        n = self._config.save_every_n_steps
        if kind == "epoch" or (kind == "step" and n is not None and progress.step % n == 0):
            number = epoch if kind == "epoch" else progress.step
            folder = state_name(self._config.output_name, kind, number) if self._config.save_state else ""
            progress.saves.append(Kept(kind, number, model.name, folder))

    def _remove_old_models(self, progress: Progress, kind: str) -> None:
        """Delete what save_last_n_epochs and save_last_n_steps do not keep: only what this training wrote."""
        config = self._config
        last = config.save_last_n_epochs if kind == "epoch" else config.save_last_n_steps
        for kept in _older(progress, kind, last):
            path = self._folder / kept.model
            if kept.model and self._is_own_model(path, progress):
                word = output_names.embedding_beside(path)
                words = [word] if self._has_word and self._is_own_model(word, progress) else []
                self._remove(*sidecar_yaml.sidecars(path), *words, path)
            kept.model = ""

    def _remove_old_states(self, progress: Progress, kind: str) -> None:
        config = self._config
        last = (
            config.save_last_n_epochs_state or config.save_last_n_epochs
            if kind == "epoch"
            else config.save_last_n_steps_state or config.save_last_n_steps
        )
        for kept in _older(progress, kind, last):
            if kept.state and owned_files.is_state_of(self._folder / kept.state, progress.lineage):
                self._remove(self._folder / kept.state)
            kept.state = ""
        progress.saves = [kept for kept in progress.saves if kept.model or kept.state]

    def _remove_autosaves(self, progress: Progress, keep: int) -> None:
        own = sorted(
            path
            for path in self._folder.iterdir()
            if (named := output_names.state_of(path.name, self._config.output_name))
            and named.kind == "autosave"
            and owned_files.is_state_of(path, progress.lineage)
        )
        self._remove(*own[: len(own) - keep])

    def _remove(self, *doomed: Path) -> None:
        """Delete what is not kept any longer; what another program holds open stays, and that is said."""
        for path in doomed:
            try:
                atomic_write.remove(path)
            except OSError as e:
                self._emit(Warned(messages.NOT_REMOVED(reason=e.strerror or str(e), path=path)))

    def _is_autosave_due(self) -> bool:
        minutes = self._config.autosave_minutes
        return minutes > 0 and time.monotonic() - self._state_saved_at >= minutes * 60

    def _persist(self, action: Callable[[], None], control: RunControl) -> None:
        """Try until there is room. Raises ResourceFault when there never is, or when a user gives it up."""
        for tried in range(RETRIES):
            try:
                return action()
            except ResourceFault as e:
                if tried % TOLD_EVERY == 0:
                    self._warn(e, messages.RETRIED, seconds=RETRY_SECONDS)
            self._emit(StageProgress("room", 0, 1))
            until = time.monotonic() + RETRY_SECONDS
            while time.monotonic() < until and not control.gives_up:
                time.sleep(min(0.2, RETRY_SECONDS))
            if control.gives_up:
                break
            self._emit(StageProgress("room", 1, 1))
        return action()

    def _warn(self, fault: UserError, frame: Words, **facts: Any) -> None:
        for problem in fault.problems:
            self._emit(Warned(problem.as_warning().framed(frame, **facts)))


def _is_taken(place: Path, model: Path, sidecars: Sequence[Path]) -> bool:
    """Whether a model, or what belongs to it, would come over something that is there."""
    return place.exists() or any(owned_files.beside(one, model, place).exists() for one in sidecars)


def _older(progress: Progress, kind: str, last: int | None) -> list[Kept]:
    """Saves of a kind that are not among the last: epochs are counted in saves, steps by their number.

    As in sd-scripts, the last 30 steps after step 50 are 20 to 50.
    """
    found = [kept for kept in progress.saves if kept.kind == kind]
    if last is None:
        return []
    if kind == "epoch":
        return found[:-last]
    return [kept for kept in found if kept.number < progress.step - last]
