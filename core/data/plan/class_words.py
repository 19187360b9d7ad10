"""The caption of a sample with the class in place of the identifier, and folders where there is none.

The words are those of the folder, "sls" and "frog" of `20_sls frog`, or those that a run gives for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.config.schema.train import TrainConfig
from core.counting import NAMED, listed
from core.data.caption_editor.edits import has_word, word_pattern
from core.data.names import short_name
from core.data.plan import messages
from core.data.plan.plan import Plan
from core.data.records import PlannedImage
from core.data.sources.folders import Folder
from core.errors import Problem


@dataclass(frozen=True)
class ClassWords:
    """The identifier and the class of each folder of a plan; None for regularization images.

    Either may be "" where neither the folder nor the run says it.
    """

    folders: tuple[tuple[str, str] | None, ...]

    def caption(self, image: PlannedImage, caption: str) -> str | None:
        """A caption of this image about its class; None where the identifier does not stand in it."""
        words = self.folders[image.folder]
        return class_caption(caption, *words) if words is not None and all(words) else None


def of(plan: Plan, train: TrainConfig) -> ClassWords | None:
    """The words for a run's class prior; None where it has none."""
    if not train.class_prior_weight:
        return None
    return ClassWords(tuple(None if folder.is_reg else _words(folder, train) for folder in plan.folders))


def class_caption(caption: str, identifier: str, class_: str) -> str | None:
    """The caption without the identifier, in whose first place the class stands if it stands nowhere else.

    "sls frog, leaf" and "sls, frog, leaf" become "frog, leaf", as does "sls, leaf". None without identifier.
    """
    if not has_word(caption, identifier):
        return None
    pattern = word_pattern(identifier)
    if not has_word(re.sub(pattern, " ", caption, flags=re.IGNORECASE), class_):
        caption = re.sub(pattern, lambda _: class_, caption, count=1, flags=re.IGNORECASE)
    without = re.sub(rf"{pattern}\s*,?\s*", "", caption, flags=re.IGNORECASE)
    return without.strip().removesuffix(",").rstrip()


def captions(plan: Plan, words: ClassWords) -> set[str]:
    """Every caption about a class that can occur where captions are not endless."""
    found = (words.caption(image, image.caption) for image in plan.images)
    return {caption for caption in found if caption is not None}


def checked(plan: Plan, train: TrainConfig) -> Plan:
    """The plan, with what its images lack for a run's priors among its problems and notices."""
    words = of(plan, train)
    found = [] if words is None else problems(plan, words)
    if train.prior_prediction and not plan.rotations:
        found.append(messages.NO_REG_FOR_PRIOR())
    errors = tuple(problem for problem in found if problem.is_error)
    notices = [*plan.notices, *(problem for problem in found if not problem.is_error)]
    if train.prior_prediction:  # their target is another one then
        notices = [notice for notice in notices if notice.code != messages.DUPLICATES_IN_REG.code]
    return replace(plan, problems=(*plan.problems, *errors), notices=tuple(notices))


def problems(plan: Plan, words: ClassWords) -> list[Problem]:
    """Folders that name no class, and captions without the identifier."""
    found, lacking, total = [], list[PlannedImage](), 0
    for index, folder in enumerate(plan.folders):
        own = words.folders[index]
        inside = [image for image in plan.images if image.folder == index]
        if own is None or not inside:
            continue
        if not all(own):
            found.append(messages.NO_CLASS_OF_FOLDER(path=folder.path))
            continue
        total += len(inside)
        lacking += [image for image in inside if not has_word(image.caption, own[0])]
    if lacking and not found:
        found.append(_without(lacking, total, words))
    return found


def _without(lacking: Sequence[PlannedImage], total: int, words: ClassWords) -> Problem:
    """What is said of captions without the identifier; an error where it is none of them."""
    pair = words.folders[lacking[0].folder]
    assert pair is not None
    if len(lacking) == total:
        return messages.IDENTIFIER_NOWHERE(word=pair[0], total=total)
    names = listed([short_name(image.path) for image in lacking], NAMED)
    return messages.IDENTIFIER_MISSING(word=pair[0], count=len(lacking), total=total, names=names)


def _words(folder: Folder, train: TrainConfig) -> tuple[str, str]:
    identifier, _, class_ = folder.prompt.partition(" ")
    given = (train.class_prior_identifier or "", train.class_prior_class or "")
    return given[0].strip() or identifier, given[1].strip() or class_.strip()
