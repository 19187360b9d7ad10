"""Names that scripts, sheets and the page share: each has one owner, so that no part takes another's."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter, defaultdict
from pathlib import Path

UI = Path(__file__).resolve().parents[2] / "ui"
GRADIOS = {"testid"}
"""Names of data- attributes that Gradio writes."""
SENT_BACK = {"built"}
"""What the page sends back to the server as it is."""

_IS_SCRIPT = re.compile(r"\b(?:document|element|window)\.|\.dataset\b")
_WRITTEN = re.compile(r"\sdata-([a-z-]+)(?=[=>\s\"'])")


@functools.cache
def constants() -> list[tuple[str, str]]:
    """Every piece of text in the modules of the window: (file, text); of f-strings the fixed parts."""
    found = []
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append((path.relative_to(UI).as_posix(), node.value))
    return found


@functools.cache
def scripts() -> dict[str, str]:
    """The page's scripts: files, and those that modules hold as text."""
    found = {path.name: path.read_text("utf-8") for path in sorted((UI / "script").glob("*.js"))}
    for name, text in constants():
        if _IS_SCRIPT.search(text):
            found[name] = found.get(name, "") + text
    return found


def sheets() -> dict[str, str]:
    """The style sheets without their comments."""
    return {
        path.name: re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        for path in sorted((UI / "style").glob("*.css"))
    }


def names_in(script: str) -> set[str]:
    """The data- attributes that a script reads or writes."""
    found = {*re.findall(r"\[data-([a-z-]+)", script)}
    camel = re.findall(r"\bdataset\.(\w+)", script)
    for inside in re.findall(r"\{([\w, ]+)\} = [^;]*\bdataset;", script):
        camel += [name.strip() for name in inside.split(",")]
    return (found | {re.sub(r"[A-Z]", lambda m: f"-{m[0].lower()}", name) for name in camel}) - GRADIOS


def written() -> set[str]:
    """The data- attributes in the HTML that the modules make."""
    return {
        name
        for _, text in constants()
        if not _IS_SCRIPT.search(text)
        for name in _WRITTEN.findall(f" {text}")
    }


def test_each_data_attribute_is_used_by_one_script_only():
    owners = defaultdict(set)
    for script, text in scripts().items():
        for name in names_in(text):
            owners[name].add(script)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


def test_each_data_attribute_of_the_html_is_read_by_a_script_or_a_sheet():
    read = {name for text in scripts().values() for name in names_in(text)}
    read |= {name for text in sheets().values() for name in re.findall(r"\[data-([a-z-]+)", text)}
    assert written() - read == SENT_BACK


def test_scripts_leave_no_names_of_theirs_in_the_page():
    loose = [
        (name, line)
        for name, text in scripts().items()
        if name.endswith(".js")
        for line in text.splitlines()
        if re.match(r"(?:const|let|var|function|class|async)\b", line)
    ]
    assert loose == []
    named = Counter(name for text in scripts().values() for name in re.findall(r"\bwindow\.(\w+) = ", text))
    assert [name for name, times in named.items() if times > 1] == []


def test_each_id_of_the_page_is_given_once(app):
    given: Counter[str] = Counter()
    for component in app.blocks.config["components"]:
        props = component["props"]
        given[props.get("elem_id") or ""] += 1
        given.update(re.findall(r'\bid="([^"]+)"', str(props.get("value") or "")))
    del given[""]
    assert [name for name, times in given.items() if times > 1] == []


def test_the_look_of_a_class_is_given_in_one_sheet_only():
    owners = defaultdict(set)
    for sheet, text in sheets().items():
        for selectors in re.findall(r"([^{}]+)\{", text):
            for selector in selectors.split(","):
                if re.fullmatch(r"\s*\.rw-[\w-]+\s*", selector):
                    owners[selector.strip()].add(sheet)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}
