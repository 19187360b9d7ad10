"""The options as text for people: the table in docs/ and the help of the command line."""

from __future__ import annotations

from core.catalog import Words
from core.config.file.toml_text import toml_value
from core.config.schema.option import Option
from core.config.schema.run import OPTIONS
from core.errors import Lang
from core.families import FAMILIES

_ONLY = Words(" (Only for {named}.)", " （{named}のみ）")

_HEAD = {
    "en": ("# Options", "Made from the declarations by `python -m core docs`; do not edit.",
           "| option | default | what it does | in sd-scripts |"),
    "ja": ("# オプション一覧", "`python -m core docs`で宣言から生成しています。直接編集しないでください。",
           "| オプション | 既定値 | 内容 | sd-scriptsでの名前 |"),
}  # fmt: skip


def options_table(lang: Lang) -> str:
    """Every option as Markdown, section by section."""
    title, how, columns = _HEAD[lang]
    lines = [title, "", how]
    section = ""
    for option in OPTIONS.values():
        if option.section != section:
            section = option.section
            lines += ["", f"## [{section}]", "", columns, "|---|---|---|---|"]
        lines.append(_row(option, lang))
    return "\n".join(lines) + "\n"


def _row(option: Option, lang: Lang) -> str:
    meta = option.meta
    label, help_text = meta.label.of(lang), meta.help.of(lang)
    what = f"**{label}** {help_text}"
    if option.choices:
        words = [(str(name), w.of(lang)) for name, w in option.choices.items()]
        what += " " + " · ".join(name if name == word else f"`{name}` {word}" for name, word in words)
    if not FAMILIES.keys() <= {*(meta.families or FAMILIES)}:
        named = ", ".join(FAMILIES[name].words.of(lang) for name in meta.families)
        what += _ONLY.of(lang).format(named=named)
    default = "" if option.default is None else f"`{toml_value(option.default)}`"
    names = " ".join(f"`{name}`" for name in meta.sd_scripts)
    return f"| `{option.name}` | {default} | {what.replace('|', chr(92) + '|')} | {names} |"
