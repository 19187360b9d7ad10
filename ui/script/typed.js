// Gradio tells of typing when a key is pressed, so not of what is pasted, deleted, composed (Japanese) or
// typed on a phone. Every change of a text field is made a key press here; one more is no harm.
document.addEventListener('input', (event) => {
  if (event.target.matches('[data-testid="textbox"]'))
    event.target.dispatchEvent(new KeyboardEvent('keypress', {bubbles: true}));
});

// What is typed, ticked or chosen in a setting is told of by one event for all of them, after a short rest, with the
// names of the fields: another window may have changed others. What another window has changed is asked for, once
// what is typed here has been told of. Lists are Gradio's own, which says itself when something is picked.
(() => {
  'use strict';
  const REST = {input: 180, change: 30}, MINE = 8000, UNTAKEN = 2000, LOST = 60000;
  const page = Math.random().toString(36).slice(2);
  // Fields that were changed and not told of yet; those told of, with when and by which number first.
  const fresh = new Set(), sent = new Map();
  let timer = 0, again = 0, seen = -1, told = 0, kept = 0;  // kept: the last number that the server has taken
  const send = (name, detail) => document.querySelector('#rw-typed [data-typed]')
    ?.dispatchEvent(new CustomEvent(name, {bubbles: true, detail: {page, ...detail}}));
  const isTaken = ({number}) => number <= kept;
  const forget = () => {
    for (const [field, one] of sent) if (Date.now() - one.at > (isTaken(one) ? MINE : LOST)) sent.delete(field);
  };
  function tell() {
    told += 1;
    for (const field of fresh) sent.set(field, {at: Date.now(), number: told});
    fresh.clear();
    forget();
    // Those of a moment ago once more, as Gradio leaves out what it is told while it waits for an answer; but not
    // those that were taken: another window may have changed them since.
    const fields = [...sent.keys()].filter((field) => !isTaken(sent.get(field)));
    send('rw-typed', {fields, number: told});
    clearTimeout(timer);
    timer = setTimeout(() => { if ([...sent.values()].some((one) => !isTaken(one))) tell(); }, UNTAKEN);
  }
  for (const [kind, rest] of Object.entries(REST)) {
    document.addEventListener(kind, (event) => {
      const option = event.target.closest?.('.opt');
      if (!option || event.target.matches('[role=listbox], [role=combobox]')) return;
      fresh.add(option.id);
      clearTimeout(timer);
      timer = setTimeout(tell, rest);
    });
  }
  // Of what is picked in a list Gradio tells itself, but leaves it out while it waits for an answer about another
  // list: so it is told of once more when the list is left.
  let held = '';
  document.addEventListener('focusin', ({target}) => { if (target.matches('.opt [role=combobox]')) held = target.value; });
  document.addEventListener('focusout', ({target}) => {
    if (!target.matches('.opt [role=combobox]') || target.value === held) return;
    fresh.add(target.closest('.opt').id);
    clearTimeout(timer);
    timer = setTimeout(tell, REST.input);
  });
  // What was typed here a moment ago is left alone, as an answer may be slow; asked again when it is older.
  function ask() {
    forget();
    const open = document.activeElement?.closest?.('.opt');
    const mine = [...sent.keys(), ...fresh, ...(open?.querySelector('[role=combobox]') ? [open.id] : [])];
    send('rw-behind', {fields: mine});
    clearTimeout(again);
    if (sent.size) again = setTimeout(ask, MINE);
  }
  document.addEventListener('rw-asking', ({detail: about}) => about.set('page', page));
  document.addEventListener('rw-others', ({detail: {others: number, taken}}) => {
    kept = taken;
    if (seen < 0 || number < seen) seen = number;  // the page was opened, or the program started, after those
    if (number === seen || fresh.size) return;
    seen = number;
    ask();
  });
})();
