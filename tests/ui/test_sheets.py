"""The style sheets as they reach a browser: Gradio rewrites them, and must not change what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ui.theme import STYLES

AROUND = ("html", "body", ":root", ".gradio-container", ".dark", ".rw-zoom")
"""What lies outside the element that Gradio puts before each selector inside @media."""

TOLD = """(sheets) => {
  const apart = (selector) => {  // at its commas, but for those in parentheses, brackets and quotes
    const parts = [''];
    let depth = 0, quote = '';
    for (const sign of selector) {
      if (quote) { if (sign === quote) quote = ''; }
      else if (`"'`.includes(sign)) quote = sign;
      else if ('(['.includes(sign)) depth += 1;
      else if (')]'.includes(sign)) depth -= 1;
      if (sign === ',' && !depth && !quote) parts.push(''); else parts[parts.length - 1] += sign;
    }
    return parts;
  };
  const rules = (list) => [...list].flatMap((rule) =>
    rule.selectorText ? [rule] : rules(rule.cssRules ?? []));
  const plain = (part) => part.trim().replace(/^\\.dark +/, '')
    .replace(/^\\.gradio-container\\.gradio-container-[\\w-]+ \\.contain ?/, '').replace(/^\\.dark ?/, '');
  const read = (list) => rules(list).flatMap((rule) => apart(rule.selectorText)).map(plain);
  const ours = new CSSStyleSheet();
  ours.replaceSync(sheets.join('\\n'));
  const has = (sheet) => rules(sheet.cssRules).some((rule) => rule.selectorText === '#rw-main');
  const sent = [...document.styleSheets].filter((sheet) => !sheet.href && has(sheet));
  return [read(ours.cssRules), sent.flatMap((sheet) => read(sheet.cssRules))];
}"""


def rules(text: str, around: str = "") -> Iterator[tuple[str, str]]:
    """(at-rule around it, selector or at-rule) of everything in a sheet that has a block."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    at = 0
    while (start := text.find("{", at)) >= 0:
        head, depth, end = text[at:start].strip(), 1, start
        while depth:
            end += 1
            depth += (text[end] == "{") - (text[end] == "}")
        yield around, head
        if head.startswith("@media"):
            yield from rules(text[start + 1 : end], head)
        at = end + 1


def everything() -> list[tuple[str, str, str]]:
    return [(path.name, *rule) for path in STYLES for rule in rules(path.read_text("utf-8"))]


def test_no_selector_has_a_comma_inside_parentheses_brackets_or_quotes():
    inside = re.compile(r"\([^()]*,|\[[^\]]*,|[\"'][^\"']*,[^\"']*[\"']")
    heads = [rule for rule in everything() if not rule[2].startswith("@")]
    assert len(heads) > 300
    assert [rule for rule in heads if inside.search(re.sub(r"\([^(),]*\)", "", rule[2]))] == []


def test_sheets_have_only_the_rules_that_gradio_passes_on():
    known = ("@media", "@keyframes", "@font-face")
    assert [rule for rule in everything() if rule[2].startswith("@") and not rule[2].startswith(known)] == []
    assert [rule for rule in everything() if rule[1] and rule[2].startswith("@")] == []


def test_what_lies_around_the_page_is_not_told_inside_a_media_rule():
    parts = [(name, part.strip()) for name, media, head in everything() if media for part in head.split(",")]
    assert [found for found in parts if found[1].startswith(AROUND)] == []


@pytest.mark.browser
def test_the_browser_gets_the_selectors_that_the_sheets_have(look):
    written, sent = look().page.evaluate(TOLD, [path.read_text("utf-8") for path in STYLES])
    assert len(written) > 300 and {*sent} == {*written}
