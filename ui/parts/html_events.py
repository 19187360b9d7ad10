"""Buttons inside HTML of ours, heard by the server: one small script for every part that has some."""

from __future__ import annotations

from typing import Any

from ui.parts.markup import esc

LISTEN = """
// Gradio draws HTML anew by changing it in place, and a box that a user has ticked stays so: its attribute,
// which is what Gradio changes, and what is seen are kept the same.
new MutationObserver((changes) => {
  for (const {target} of changes) target.checked = target.hasAttribute('checked');
}).observe(element, {subtree: true, attributeFilter: ['checked']});
element.addEventListener('change', (event) => {
  const {type, name} = event.target;  // the server never draws what stands in a field with a name
  if (type === 'checkbox' && !name) event.target.toggleAttribute('checked', event.target.checked);
  const {run, act} = event.target.dataset;
  if (act) trigger('click', {act, on: event.target.checked ? 'yes' : '', step: ''});
  if (!run) return;
  const boxes = [...element.querySelectorAll('input[data-run]:checked')];
  tell(boxes.map((box) => box.dataset.run));
});
// What is ticked, with a number that the server hands back. HTML with a smaller one answers a question from
// before the last tick: the ticks stay, and are told once more.
let at = 0, chosen = [];
function tell(names) {
  [at, chosen] = [at + 1, names];
  const last = element.querySelector('[data-ticked]');
  if (last) last.dataset.ticked = at;
  trigger('select', {chosen, at});
}
new MutationObserver(() => {
  const last = element.querySelector('[data-ticked]');
  if (!last || Number(last.dataset.ticked) >= at) return;
  for (const box of element.querySelectorAll('input[data-run]'))
    box.toggleAttribute('checked', chosen.includes(box.dataset.run));
  tell(chosen);
}).observe(element, {subtree: true, childList: true, attributeFilter: ['data-ticked']});
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act], button[data-step]');
  if (!button || button.disabled) return;
  const {act, on, step, into} = button.dataset;
  const said = {act: act || 'step', on: on || '', step: step || ''};
  const within = button.closest('.rw-fields');
  if (within) {
    said.fields = {};
    for (const field of within.querySelectorAll('[name]'))
      said.fields[field.name] = field.type === 'checkbox' && !field.checked ? '' : field.value;
    for (const secret of within.querySelectorAll('[type=password]')) secret.value = '';
  }
  trigger(into ? 'submit' : 'click', said);
});
element.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.isComposing || !event.target.matches('.rw-fields input')) return;
  event.target.closest('.rw-fields').querySelector('button.is-main')?.click();
});
"""
"""What a gr.HTML takes as js_on_load. `select` tells the boxes that are ticked, `click` which button was
pressed on what, `submit` the same of a button that fills the form (data-into). Of a button inside .rw-fields
both tell what stands in the fields there, by their names; Enter in one of these presses the main button."""


def button(act: str, on: str, text: str, kind: str = "", *, title: str = "", fills: bool = False) -> str:
    """A button that sends `act` and `on`. kind: its look. title: what it does, where text is a sign."""
    name = f"rw-act {kind}".strip()
    more = f' title="{esc(title)}" aria-label="{esc(title)}"' if title else ""
    into = ' data-into="form"' if fills else ""
    return (
        f'<button type="button" class="{name}" data-act="{esc(act)}" data-on="{esc(on)}"{into}{more}>'
        f"{esc(text)}</button>"
    )


def data_of(event: Any) -> Any:
    """What a page sent with an event; None where it sent nothing."""
    return None if event is None else event._data


def sent(event: Any) -> tuple[str, str, str]:
    """What was pressed, on what, and the step, from what a page sent: texts, empty where there is none."""
    values = event if isinstance(event, dict) else {}
    act, on, step = (str(values.get(name) or "") for name in ("act", "on", "step"))
    return act, on, step


def fields_of(event: Any) -> dict[str, str]:
    """What stood in the fields around a button, by their names: texts, none where a page sent none."""
    fields = event.get("fields") if isinstance(event, dict) else None
    if not isinstance(fields, dict):
        return {}
    return {str(name): value for name, value in fields.items() if isinstance(value, str)}
