"""How one option is declared: a pydantic field that also carries its words, its place and its guide name."""

from __future__ import annotations

import functools
import inspect
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from core.catalog import Words
from core.config.schema import conditions, numbers

Level = Literal["basic", "advanced", "expert"]
PathKind = Literal["", "file", "folder", "model", "run"]
OnResume = Literal["refused", "data", "rounding", "free"]
"""What becomes of a training state when this option is changed before it is resumed.

refused: the option shapes the weights. data: its whole effect is in what is trained and in which order, so it
may change as long as that stays the same. rounding: the result differs in the last digits at most, which is
reported. free: no bit of the weights depends on it.
"""

Scope = Literal["run", "dataset", "subset", "subset only"]
"""Where a dataset_config may state an option of [dataset]: nowhere, in [general] and [[datasets]], there and
in [[datasets.subsets]], or in the last alone."""

MOST = 1_000_000_000
"""Of whatever is counted: steps, epochs, files. More of them is a slip of the keyboard."""

LARGEST_FACTOR = 1e6
"""Of what weights, losses or rates are multiplied by; beyond it the numbers of a GPU have no room."""

Count = Annotated[int, Field(ge=1, le=MOST)]
"""So many steps, epochs or files, or every how many."""

Seed = Annotated[int, Field(ge=0, le=numbers.LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=LARGEST_FACTOR)]


class Choice:
    """The type of an option that is one of a table's keys: Annotated[str, Choice(catalog.OPTIMIZERS)].

    tables: value -> its words, or a record that has `words`. They are read anew each time: they may grow.
    """

    def __init__(self, *tables: Mapping[Any, Any]) -> None:
        self._tables = tables

    @property
    def words(self) -> Mapping[Any, Words]:
        """Each value and its words."""
        entries = (pair for table in self._tables for pair in table.items())
        return {name: getattr(entry, "words", entry) for name, entry in entries}

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._checked)

    def _checked(self, value: Any) -> Any:
        if any(type(value) is type(name) and value == name for name in self.words):
            return value
        raise PydanticKnownError("literal_error", {"expected": ", ".join(map(str, self.words))})


@dataclass(frozen=True)
class Meta:
    """What a field knows beside its type.

    label, help: shown in the window, the run file and the docs.
    level: who should see it. methods, families: of training methods and model families, those it applies to;
    () for all. needs: what other options must be for it to have an effect. group: the card it stands on in
    the window. path: what the text names, so that the window offers the right picker.
    sd_scripts: the guide's and sd-scripts' names for it.
    on_resume: whether it may be changed before a state is resumed; see OnResume.
    is_personal: it belongs to the user or to one run and not to a recipe; see `Option.is_personal`.
    scope: where a dataset_config may state it. in_fingerprint: of [dataset], whether it shapes samples in a
    way that the images' own records do not show, so that it counts in the fingerprint of the data.
    """

    label: Words
    help: Words
    level: Level
    methods: tuple[str, ...]
    families: tuple[str, ...]
    needs: tuple[conditions.Need, ...]
    group: str
    path: PathKind
    sd_scripts: tuple[str, ...]
    on_resume: OnResume
    is_personal: bool
    scope: Scope
    in_fingerprint: bool


def opt(
    default: Any,
    label: tuple[str, ...],
    help: tuple[str, ...],
    *,
    level: Level | None = None,
    methods: str | None = None,
    families: str | None = None,
    needs: str = "",
    group: str | None = None,
    path: PathKind = "",
    sd_scripts: str | None = None,
    on_resume: OnResume | None = None,
    personal: bool | None = None,
    scope: Scope | None = None,
    in_fingerprint: bool | None = None,
    **bounds: Any,
) -> Any:
    """Declare an option: default, label and help in (English, Japanese), then what pydantic should check.

    level, methods, families, scope, group, on_resume, personal: where they are not its class's LEVEL,
    METHODS, FAMILIES, SCOPE, GROUP, ON_RESUME and PERSONAL.
    families: "sd1 sd2", names of families.FAMILIES: for another one the window hides the option and the
    checker refuses it. methods: the same of catalog.METHODS, where the checker warns.
    needs: "train.loss_type=huber,smooth_l1", see core.config.schema.conditions: otherwise the window hides
    the option and the checker warns that it has no effect.
    sd_scripts: names with blanks between them, where they are not just the field's own; "" for none.
    personal: no preset or import that does not name it may touch it (`Option.is_personal`).
    in_fingerprint: where on_resume does not say it already.
    bounds: ge, gt, le, lt, multiple_of, as pydantic names them.
    """

    def declared(name: str, within: type[Section], section: str) -> Meta:
        """What the option `name` knows; what it leaves to its class is read from there and not from bases."""

        def own(given: Any, attribute: str, otherwise: Any) -> Any:
            return within.__dict__.get(attribute, otherwise) if given is None else given

        kept: OnResume = own(on_resume, "ON_RESUME", "refused")
        return Meta(
            Words(*label),
            Words(*help),
            own(level, "LEVEL", "basic"),
            tuple(own(methods, "METHODS", "").split()),
            tuple(own(families, "FAMILIES", "").split()),
            conditions.parse(needs),
            own(group, "GROUP", section),
            path,
            tuple((name if sd_scripts is None else sd_scripts).split()),
            kept,
            own(personal, "PERSONAL", False),
            own(scope, "SCOPE", "run"),
            kept not in ("data", "rounding") if in_fingerprint is None else in_fingerprint,
        )

    return Field(default, json_schema_extra={"meta": declared}, **bounds)  # type: ignore[dict-item]


def lines_of(text: str) -> list[str]:
    """The texts of a list that is written as one text: one a line, or ["as", "in TOML"]; none is empty."""
    plain = text.strip()
    if plain.startswith("[") and plain.endswith("]"):
        try:
            listed = tomllib.loads(f"list = {plain}")["list"]
        except (ValueError, RecursionError):
            listed = None  # such as the prompt [a frog:0.5]
        if listed and all(isinstance(item, str) for item in listed):
            return [item.strip() for item in listed if item.strip()]
    return [line.strip() for line in plain.splitlines() if line.strip()]


def _lines(value: object) -> object:
    """A single text where a list of texts is wanted stands for what `lines_of` reads from it."""
    listed = lines_of(value) if isinstance(value, str) else value
    return tuple(listed) if isinstance(listed, list) else value


Lines = Annotated[tuple[str, ...], BeforeValidator(_lines)]

_NESTED = re.compile(r"\([^()]*[*+{][^()]*\)\s*[*+{]")
"""A repeated group that repeats inside: matching it can take forever."""


def _sound_patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise PydanticCustomError("pattern", "{error}", {"error": str(error)}) from None
        if len(text) > 400 or _NESTED.search(text):
            raise PydanticCustomError("pattern", "it is too complex")
    return texts


Patterns = Annotated[tuple[str, ...], BeforeValidator(_lines), AfterValidator(_sound_patterns)]
"""Regular expressions; each is matched against the whole of a name."""


def _steps_or_share(value: object) -> int | float:
    """500, "500" and 500.0 are steps; 0.1, "0.1" and "10%" a tenth of the run, 1.0 and "100%" all of it."""
    number: object = value
    if isinstance(value, str):
        text = numbers.narrow(value)
        number = numbers.number(text.removesuffix("%"))
        if text.endswith("%") and number is not None:
            share = number / 100
            if 0 <= share <= 1:
                return share
            number = None
    if isinstance(number, float):
        if 0 < number <= 1:
            return number
        if number.is_integer():
            return int(number)
    elif isinstance(number, int) and not isinstance(number, bool):
        return number
    raise PydanticCustomError("steps_or_share", "no number of steps")


StepsOrShare = Annotated[int | float, BeforeValidator(_steps_or_share)]
"""A length of time in a run: a whole number of steps, or a share of all, 0.1 or "10%" (kept as 0.1)."""


def steps_of(value: int | float, total: int) -> int:
    """The whole number of steps that a StepsOrShare means in a run of so many."""
    # A tenth of 30 is 3 although 0.29 * 100 is 28.999999999999996.
    return value if isinstance(value, int) else math.floor(value * total + 1e-9)


class Section(BaseModel):
    """One table of the run file, or a part of one; frozen, and no key beyond the declared ones.

    TAB: where the window shows it. GROUP: the card on that tab, of the options declared in this class;
    LEVEL, METHODS, FAMILIES, SCOPE, ON_RESUME, PERSONAL: what `Meta` knows of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    TAB: ClassVar[str] = ""
    GROUP: ClassVar[str] = ""
    LEVEL: ClassVar[Level] = "basic"
    METHODS: ClassVar[str] = ""
    FAMILIES: ClassVar[str] = ""
    SCOPE: ClassVar[Scope] = "run"
    ON_RESUME: ClassVar[OnResume] = "refused"
    PERSONAL: ClassVar[bool] = False

    @model_validator(mode="before")
    @classmethod
    def _blank_is_not_set(cls, values: Any) -> Any:
        """An empty text where None is the default means "not set", as an empty field of the window does."""
        if not isinstance(values, dict):
            return values
        optional = {name for name, field in cls.model_fields.items() if field.default is None}
        return {
            k: v for k, v in values.items() if not (k in optional and isinstance(v, str) and not v.strip())
        }


@dataclass(frozen=True, eq=False)
class Option:
    """One declared option, found by walking the schema."""

    section: str
    name: str
    field: FieldInfo
    meta: Meta
    tab: str

    @property
    def key(self) -> str:
        """Its full name, "dataset.resolution"."""
        return f"{self.section}.{self.name}"

    @property
    def choices(self) -> Mapping[Any, Words] | None:
        """Value -> words, None where it is no choice."""
        return next((m.words for m in self.field.metadata if isinstance(m, Choice)), None)

    @property
    def default(self) -> Any:
        return self.field.get_default(call_default_factory=True)

    def value_in(self, config: BaseModel) -> Any:
        """Its value in a run's config."""
        return getattr(getattr(config, self.section), self.name)

    @property
    def is_personal(self) -> bool:
        """Whether it belongs to the user or to one run: files and folders, names, seed, samples, logging.

        A preset or an import says how to train. What of these it does not name stays as the user has it,
        while every other option that it does not name goes back to its default.
        """
        return self.meta.is_personal or bool(self.meta.path)

    def is_used(self, values: Mapping[str, Any]) -> bool:
        """Whether it has an effect with these values of other options, by their full names.

        model.family: the family of the base model; "auto" or none while it is not known.
        """
        method, family = values.get("network.method"), values.get("model.family", "auto")
        is_for_method = not self.meta.methods or method is None or method in self.meta.methods
        return is_for_method and self.is_of(family) and conditions.unmet(self.meta.needs, values) is None

    def is_of(self, family: str) -> bool:
        """Whether a family of models has it; "auto", one that is not known, has every option."""
        return not self.meta.families or family == "auto" or family in self.meta.families


@functools.cache
def walk(schema: type[BaseModel]) -> tuple[Option, ...]:
    """Every option of a run file schema, section by section, in reading order (see `_reading_order`)."""
    return tuple(_declared(schema))


def _reading_order(section: type[Section]) -> list[str]:
    """The fields of each base in the order that the bases are named in, then the section's own.

    Pydantic would put the last base first.
    """
    bases = [base for base in section.__bases__ if issubclass(base, Section)]
    inherited = [name for base in bases for name in _reading_order(base)]
    return inherited + [n for n in inspect.get_annotations(section) if n in section.model_fields]


def _declared(schema: type[BaseModel]) -> Iterator[Option]:
    for section, outer in schema.model_fields.items():
        kind = outer.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from options_of(section, kind)


def options_of(section: str, kind: type[Section]) -> Iterator[Option]:
    """The options that one table declares, in reading order. section: what the table is called."""
    for name in _reading_order(kind):
        field = kind.model_fields[name]
        extra = field.json_schema_extra
        assert isinstance(extra, dict), f"{section}.{name} is not declared with opt()"
        declaring = next(c for c in kind.__mro__ if name in inspect.get_annotations(c))
        meta: Any = extra["meta"]
        own = meta(name, declaring, section)
        yield Option(section, name, field, own, kind.TAB)
