// Gradio draws HTML anew by changing it in place, element by element as they stand. What a user has opened, closed,
// typed or chosen in it stays so: it is put back where a redrawing has undone it, unless the server has another word
// for the field by then.
(() => {
  'use strict';
  const FIELD = 'input[name]:not([type=checkbox]):not([type=radio]):not([type=password]), textarea[name], select[name]';
  const parts = new Map();  // id of a part -> {folds: name -> is open, fields: name -> {text, base, sent, at}}
  let focused = null;       // the field that the cursor is in: {id, name}

  const partOf = (element) => element.closest?.('[id^="html-"]')?.closest('.block[id]');
  const memory = (part) => {
    if (!parts.has(part.id)) parts.set(part.id, {folds: new Map(), fields: new Map()});
    return parts.get(part.id);
  };
  // Each by its own name, or by its turn among those of its kind. Rows of prompts are script/prompts.js's own.
  function named(part, what, nameOf) {
    const found = new Map(), turns = new Map();
    for (const one of part.querySelectorAll(what)) {
      const [name, isOwn] = nameOf(one), turn = turns.get(name) ?? 0;
      turns.set(name, turn + 1);
      found.set(isOwn ? name : `${name} ${turn}`, one);
    }
    return found;
  }
  const foldsOf = (part) => named(part, 'details', ({dataset, classList}) =>
    dataset.fold ? [dataset.fold, true] : [classList[0] ?? '', false]);
  const fieldsOf = (part) => named(part, FIELD, ({name}) => [name, false]);
  const nameIn = (found, wanted) => [...found].find(([, one]) => one === wanted)?.[0];
  const baseOf = (field) => field.matches('select')
    ? [...field.options].find((option) => option.defaultSelected)?.value ?? '' : field.defaultValue;
  const isOwn = (field) => field.matches?.(FIELD) && !field.closest('.rw-prompts');

  document.addEventListener('click', (event) => {
    const fold = event.target.closest?.('summary')?.parentElement, part = fold && partOf(fold);
    if (!part || event.defaultPrevented || event.target.closest('summary a, summary button, summary input')) return;
    memory(part).folds.set(nameIn(foldsOf(part), fold), !fold.open);
  });
  function typed({target: field}) {
    const part = isOwn(field) && partOf(field);
    if (!part) return;
    const {fields} = memory(part), name = nameIn(fieldsOf(part), field);
    const {selectionStart, selectionEnd} = field;
    fields.set(name, {...fields.get(name), text: field.value, base: baseOf(field), at: [selectionStart, selectionEnd]});
  }
  document.addEventListener('input', typed);
  document.addEventListener('change', typed);
  document.addEventListener('focusin', ({target: field}) => {
    const part = isOwn(field) && partOf(field);
    focused = part ? {id: part.id, name: nameIn(fieldsOf(part), field)} : null;
  });

  // What was sent is the server's to draw; what is typed after that is the user's again.
  function sent(form) {
    const part = form && partOf(form);
    if (!part || !parts.has(part.id)) return;
    const {fields} = memory(part);
    for (const [name, field] of fieldsOf(part)) {
      if (form.contains(field) && fields.has(name)) fields.set(name, {sent: field.value});
    }
  }
  document.addEventListener('click', ({target}) => sent(target.closest?.('button')?.closest('.rw-fields')), true);

  function putBack(part) {
    const {folds, fields} = memory(part), drawnFolds = foldsOf(part), drawnFields = fieldsOf(part);
    for (const [name, isOpen] of [...folds]) {
      const fold = drawnFolds.get(name);
      if (fold) { if (fold.open !== isOpen) fold.open = isOpen; }
      else if (drawnFolds.size) folds.delete(name);  // a part that tells how far something is has none for a while
    }
    for (const [name, kept] of [...fields]) {
      const field = drawnFields.get(name);
      if (!field || kept.text === undefined) continue;
      const base = baseOf(field);
      if (base !== kept.base && base !== kept.sent) { fields.delete(name); continue; }
      kept.base = base;
      if (field.value !== kept.text) write(field, kept, focused?.id === part.id && focused.name === name);
    }
  }
  function write(field, {text, at}, hadCursor) {
    if (field.matches('select') && ![...field.options].some(({value}) => value === text)) return;
    field.value = text;
    if (!hadCursor || (document.activeElement !== field && document.activeElement !== document.body)) return;
    field.focus({preventScroll: true});
    if (at[0] !== null && at[0] !== undefined) field.setSelectionRange(...at);
  }
  new MutationObserver((changes) => {
    if (!parts.size) return;
    const changed = new Set(changes.map(({target}) => partOf(target)));
    for (const part of changed) if (part && parts.has(part.id)) putBack(part);
  }).observe(document, {subtree: true, childList: true, attributeFilter: ['open', 'value', 'selected', 'data-fold']});
})();
