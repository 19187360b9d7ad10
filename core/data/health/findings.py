"""What is unhealthy about a planned dataset: which images, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalog import Words
from core.data.captions import captions
from core.data.health import duplicates
from core.data.health.measure import Traits
from core.data.plan.plan import Plan

MUCH_ENLARGED = 1.5
"""Enlargement from which on an image is called small."""

MUCH_CUT = 0.75
"""Share of an image that is trained, below which much of it is cut away."""

LEAST_SHARP = 0.4
"""`health.sharpness` below which an image is called blurred.

Measured at 512 pixels: the demo's 58 images 3.0 to 3.4 and 12 photographs and drawings 3.1 to 10.9; blurred
by a Gaussian of 1 pixel 0.41 to 1.4, of 2 pixels 0.15 to 0.47 (15 of 16 below 0.4 beside the demo's at 0.27
at most), of 3 pixels 0.04 to 0.29. The variance of the Laplacian alone does not tell them apart: sharp 132 to
24,000, blurred by 1 pixel up to 700.
"""

GREY_MINORITY = 0.5
"""Grey images are worth a word while they are at most this share of the training images."""

BROKEN = ("E-IMG-TRUNC", "E-IMG-CORRUPT", "E-IMG-NOTIMAGE", "E-IMG-READ", "E-IMG-HUGE", "E-IMG-DEPTH")
"""Problems of files that can't be trained at all; with skip_bad_images they are notices, W-IMG-..."""

TOLD = frozenset({*BROKEN, *(f"W{code[1:]}" for code in BROKEN)}) | {
    *("W-IMG-CUT", "W-IMG-SMALL", "W-CAP-LONG", "W-IMG-TWIN", "W-REG-TWIN"),
}
"""Codes of problems and notices that the findings here tell of too."""

_CMYK, _DEEP = frozenset({"CMYK"}), ("I;16",)


@dataclass(frozen=True)
class Finding:
    """One kind of trouble and the images that have it.

    kind: "broken", "small", "cut", "blurred", "flat", "twins", "reg_twins", "turned", "clear", "no_caption",
    "long_caption", "grey", "colours". tone: bad, warn or plain. groups: indices into the plan's images; more
    than one in a group are each other's copies. details: of an image, such as "2.3 x". files: what is no
    image of the plan, with the reason.
    """

    kind: str
    tone: str
    groups: tuple[tuple[int, ...], ...]
    details: Mapping[int, Words]
    files: tuple[tuple[Path, Words], ...] = ()

    @property
    def count(self) -> int:
        """How many images it is about."""
        return len(self.files) + len({index for group in self.groups for index in group})


def find(
    plan: Plan, traits: Mapping[str, Traits], count_tokens: Callable[[str], int], token_limit: int
) -> tuple[Finding, ...]:
    """Everything worth saying, the worst first. traits: by content, as far as they are known."""
    first: dict[Path, int] = {}
    for index, image in enumerate(plan.images):
        first.setdefault(image.path, index)  # a folder may stand in several datasets
    indices = [*first.values()]
    seen = {i: traits[plan.images[i].content] for i in indices if plan.images[i].content in traits}
    findings = [
        _broken(plan),
        *_twins(plan, indices, seen),
        _small(plan),
        _blurred(seen),
        _one("flat", "warn", [i for i, one in seen.items() if one.is_flat]),
        _cut(plan),
        _long_captions(plan, count_tokens, token_limit),
        _without_caption(plan, indices),
        _clear(plan, seen),
        _grey(plan, seen),
        _colours(seen),
        _one("turned", "plain", [i for i, one in seen.items() if one.turned != 1]),
    ]
    return tuple(one for one in findings if one.count)


def _one(kind: str, tone: str, indices: Iterable[int], details: Mapping[int, Words] | None = None) -> Finding:
    return Finding(kind, tone, tuple((index,) for index in indices), details or {})


def _worst(kind: str, values: Mapping[int, float], words: Callable[[float], Words]) -> Finding:
    """Images with a value each, the largest first."""
    indices = sorted(values, key=lambda i: -values[i])
    return _one(kind, "warn", indices, {i: words(values[i]) for i in indices})


def _broken(plan: Plan) -> Finding:
    broken = [p for p in (*plan.problems, *plan.notices) if f"E{p.code[1:]}" in BROKEN and p.path]
    files = tuple((Path(p.path), p.words) for p in broken)
    return Finding("broken", "bad", (), {}, files)


def _twins(plan: Plan, indices: Sequence[int], seen: Mapping[int, Traits]) -> Iterator[Finding]:
    """Copies among the training or the regularization images; and images that are in both."""
    contents: dict[str, list[int]] = {}
    for index in indices:
        contents.setdefault(plan.images[index].content, []).append(index)
    pairs = [(same[0], other) for same in contents.values() for other in same[1:]]
    firsts = [same[0] for same in contents.values() if same[0] in seen]
    pairs += [(firsts[a], firsts[b]) for a, b in duplicates.near_pairs([seen[i] for i in firsts])]
    alone, both = list[tuple[int, ...]](), list[tuple[int, ...]]()
    for group in duplicates.groups(pairs):
        kinds = {plan.images[index].is_reg for index in group}
        (both if len(kinds) == 2 else alone).append(group)
    exact = {index for same in contents.values() if len(same) > 1 for index in same}
    words = Words("same file", "同一ファイル")
    for kind, tone, groups in (("reg_twins", "bad", both), ("twins", "warn", alone)):
        details = {index: words for group in groups for index in group if index in exact}
        yield Finding(kind, tone, tuple(groups), details)


def _small(plan: Plan) -> Finding:
    times = {i: image.fit.enlargement(image.size) for i, image in enumerate(plan.images)}
    small = {i: t for i, t in times.items() if t >= MUCH_ENLARGED}
    return _worst(
        "small", small, lambda t: Words(f"enlarged {t:.1f} ×", f"{t:.1f}倍に拡大", f"放大{t:.1f}倍")
    )


def can_stay_small(plan: Plan) -> bool:
    """Whether bucket_no_upscale would help: it is off, and no image is too small for it."""
    config = plan.config
    return (
        config.enable_bucket
        and not config.bucket_no_upscale
        and not config.dataset_config
        and all(min(image.size) >= config.bucket_reso_steps for image in plan.images)
    )


def _blurred(seen: Mapping[int, Traits]) -> Finding:
    soft = {i: one.sharpness for i, one in seen.items() if one.sharpness is not None}
    return _one("blurred", "warn", sorted((i for i in soft if soft[i] < LEAST_SHARP), key=lambda i: soft[i]))


def _cut(plan: Plan) -> Finding:
    cut = {i: 1 - image.fit.kept for i, image in enumerate(plan.images) if image.fit.kept < MUCH_CUT}
    return _worst(
        "cut", cut, lambda share: Words(f"{share:.0%} cropped", f"{share:.0%}切り抜き", f"裁掉{share:.0%}")
    )


def _long_captions(plan: Plan, count_tokens: Callable[[str], int], limit: int) -> Finding:
    forms = [captions.longest(image.caption, plan.settings_of(i)) for i, image in enumerate(plan.images)]
    long = {i: count for i, count in enumerate(map(count_tokens, forms)) if count > limit}
    return _worst(
        "long_caption", long, lambda count: Words(f"{count} tokens", f"{count}トークン", f"{count}个token")
    )


def _without_caption(plan: Plan, indices: Sequence[int]) -> Finding:
    """Training images without caption while others have one; all or none is a way to train."""
    training = [i for i in indices if not plan.images[i].is_reg]
    without = [i for i in training if plan.images[i].caption_path is None]
    return _one("no_caption", "plain", without if len(without) < len(training) else [])


def _clear(plan: Plan, seen: Mapping[int, Traits]) -> Finding:
    """Transparent parts, where they are not a mask."""
    clear = {i: one.clear for i, one in seen.items() if one.clear and not plan.settings_of(i).alpha_mask}
    details = {
        i: Words(f"{clear[i]:.0%} transparent", f"透明部分{clear[i]:.0%}", f"{clear[i]:.0%}透明")
        for i in clear
    }
    return _one("clear", "plain", [*clear], details)


def _grey(plan: Plan, seen: Mapping[int, Traits]) -> Finding:
    training = [i for i in seen if not plan.images[i].is_reg]
    grey = [i for i in training if seen[i].is_grey and not seen[i].is_flat]
    return _one("grey", "plain", grey if len(grey) <= GREY_MINORITY * len(training) else [])


def _colours(seen: Mapping[int, Traits]) -> Finding:
    """CMYK and 16 bits a channel, which are converted."""
    details = {
        i: Words("CMYK", "CMYK") if one.mode in _CMYK else Words("16-bit", "16bit")
        for i, one in seen.items()
        if one.mode in _CMYK or one.mode.startswith(_DEEP)
    }
    return _one("colours", "plain", [*details], details)
