// Beside a field for a path: its computer's folders in a dialog, for who has no dialog of the system's there, and what
// empties a field that may be empty.
(() => {
  'use strict';
  const FIELDS = '.is-path, .rw-browsable';
  const words = () => JSON.parse(document.getElementById('rw-words').textContent)[document.documentElement.lang]?.browse;
  const make = (tag, values = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...children);
    return made;
  };
  const fieldOf = (block) => block.querySelector('input, textarea');
  const kindOf = (block) => /\bis-(model|folder|file|images)\b/.exec(block.className)?.[1] ?? 'file';

  function put(block, value) {
    const field = fieldOf(block);
    field.value = value;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    field.dispatchEvent(new FocusEvent('blur'));  // when a list of Gradio's takes what was typed
    field.focus();
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
    const take = make('button', {type: 'button', className: 'rw-act is-main', textContent: said.take});
    const close = make('button', {type: 'button', className: 'rw-act', textContent: said.close});
    const dialog = make('dialog', {className: 'rw-browse'}, title, at, list, rest, make('div', {className: 'rw-acts'}, take, close));
    dialog.setAttribute('aria-labelledby', title.id);
    let here = '';
    const chosen = (path) => { dialog.close(); put(block, path); };
    const row = (name, kind, act) => {
      const button = make('button', {type: 'button', className: `is-${kind}`, textContent: name});
      button.addEventListener('click', act);
      return make('li', {}, button);
    };
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
    take.addEventListener('click', () => chosen(here));
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    await show(fieldOf(block).value);
  }

  function sign(block) {
    const said = words();
    if (!said || !fieldOf(block)) return;
    const browse = make('button', {type: 'button', className: 'rw-browse-open', textContent: said.open});
    browse.addEventListener('click', () => open(block));
    const acts = make('span', {className: 'rw-path-acts'}, browse);
    if (block.matches('.is-optional')) {
      const empty = make('button', {type: 'button', className: 'rw-path-empty', textContent: '×', title: said.clear});
      empty.setAttribute('aria-label', said.clear);
      empty.addEventListener('click', () => put(block, ''));
      acts.prepend(empty);
    }
    block.append(acts);
    acts.dataset.pathLang = document.documentElement.lang;
  }

  // Only what is filled can be emptied: looked at when it may matter, since Gradio fills fields without an event.
  function see(event) {
    const block = event.target.closest?.(FIELDS);
    block?.classList.toggle('has-value', Boolean(fieldOf(block)?.value));
  }
  for (const kind of ['mouseover', 'focusin', 'input']) document.addEventListener(kind, see);

  let isDue = false;
  function draw() {
    isDue = false;
    for (const block of document.querySelectorAll(FIELDS)) {
      const acts = block.querySelector('.rw-path-acts');
      if (acts?.dataset.pathLang === document.documentElement.lang) continue;
      acts?.remove();
      sign(block);
      see({target: block});
    }
  }
  const soon = () => { if (!isDue) { isDue = true; requestAnimationFrame(draw); } };
  document.addEventListener('rw-shown', soon);
  new MutationObserver(soon).observe(document, {childList: true, subtree: true});
})();
