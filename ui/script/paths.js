// Beside a field for a path: its computer's folders in a dialog, for who has no dialog of the system's there, and what
// empties a field that may be empty.
(() => {
  'use strict';
  const FIELDS = '.is-path, .rw-browsable';
  const {make, button, perFrame, drawn} = window.rwPage;
  const words = () => window.rwPage.words().browse;
  const fieldOf = (block) => block.querySelector('input, textarea');
  const kindOf = (block) => /\bis-(model|folder|file|images)\b/.exec(block.className)?.[1] ?? 'file';

  // In a list of paths, one per line, another line.
  const isList = (block) => block.matches('.is-lines');
  const lastOf = (text) => text.trimEnd().split('\n').at(-1);
  function put(block, value) {
    const field = fieldOf(block), before = isList(block) && value ? field.value.trimEnd() : '';
    window.rwPage.put(field, before ? `${before}\n${value}` : value);
    field.dispatchEvent(new FocusEvent('blur'));  // when a list of Gradio's takes what was typed
    return field;
  }

  async function ask(block, path) {
    const about = new URLSearchParams({path, kind: kindOf(block)});
    const answer = await fetch(`browse?${about}`);
    return answer.ok ? answer.json() : null;
  }

  async function open(block) {
    const said = words();
    const title = make('h2', {id: 'rw-browse-title', textContent: block.querySelector('[data-testid=block-info]')?.textContent.trim() ?? ''});
    const at = make('p', {className: 'rw-browse-at'}), list = make('ul', {className: 'rw-entries'});
    const rest = make('p', {className: 'rw-note'});
    const take = button(said.take, () => chosen(here), 'rw-act is-main');
    const close = button(said.close, () => dialog.close());
    const acts = make('div', {className: 'rw-acts'}, take, close);
    const dialog = window.rwPage.dialog('rw-browse', title, at, list, rest, acts);
    dialog.setAttribute('aria-labelledby', title.id);
    let here = '';
    const chosen = (path) => { dialog.close(); put(block, path).focus(); };
    const row = (name, kind, act) => make('li', {}, button(name, act, `is-${kind}`));
    async function show(path) {
      const found = await ask(block, path);
      if (!found) { dialog.close(); return; }
      here = found.path;
      at.textContent = found.path || said.start;
      take.hidden = !found.is_choice;
      rest.textContent = found.left ? said.left.replace('{n}', found.left) : found.entries.length ? '' : said.empty;
      list.replaceChildren(
        ...(found.up === null ? [] : [row(said.up, 'up', () => show(found.up))]),
        ...found.entries.map(({name, path: to, is_folder: isFolder}) =>
          row(name, isFolder ? 'folder' : 'file', () => isFolder ? show(to) : chosen(to))));
      list.querySelector('button')?.focus();
    }
    dialog.showModal();
    await show(lastOf(fieldOf(block).value));
  }

  function sign(block) {
    const said = words();
    if (!said || !fieldOf(block)) return;
    const acts = make('span', {className: 'rw-path-acts'}, button(said.open, () => open(block), 'rw-browse-open'));
    if (block.matches('.is-optional')) {
      acts.prepend(button('×', () => put(block, '').focus(), 'rw-path-empty', said.clear));
    }
    block.append(acts);
    acts.dataset.pathLang = document.documentElement.lang;
  }

  document.addEventListener('click', ({target}) => {
    const act = target.closest?.('[data-path-of]');
    if (act) put(document.getElementById(act.dataset.pathOf), act.dataset.path);
  });

  // Only what is filled can be emptied: looked at when it may matter, since Gradio fills fields without an event.
  function see(event) {
    const block = event.target.closest?.(FIELDS);
    block?.classList.toggle('has-value', Boolean(fieldOf(block)?.value));
  }
  for (const kind of ['mouseover', 'focusin', 'input']) document.addEventListener(kind, see);

  const draw = perFrame(() => {
    for (const block of document.querySelectorAll(FIELDS)) {
      const acts = block.querySelector('.rw-path-acts');
      if (acts?.dataset.pathLang === document.documentElement.lang) continue;
      acts?.remove();
      sign(block);
      see({target: block});
    }
  });
  document.addEventListener('rw-shown', draw);
  drawn(draw);
})();
