// Sample prompts as rows of fields, over a text field that holds them as lines (as sd-scripts writes them) and stays
// the value: what is typed in a row is written into it, and a text from elsewhere is read into rows.
(() => {
  'use strict';
  const {make} = window.rwPage;
  const OPTIONS = {negative: 'n', width: 'w', height: 'h', steps: 's', guidance: 'l', seed: 'd', sampler: 'ss'};
  const NUMBERS = {width: /^\d+$/, height: /^\d+$/, steps: /^\d+$/, seed: /^\d+$/, guidance: /^-?\d*\.?\d+$/};
  const FILE = /\.(txt|toml|json)\s*$/i;
  const drawn = new WeakMap();  // host -> {text: what its rows say, said, words, asText: a person has asked for the text}

  const plain = (text) => text.normalize('NFKC').trim();
  const area = (host) => window.rwPage.fieldOf(host.dataset.for);

  function read(line) {
    const [text, ...given] = ` ${line}`.split(' --');
    const row = {prompt: text.trim()};
    for (const option of given) {
      const [, name, value] = option.trim().match(/^(\S*)\s*(.*)$/s);
      const field = Object.keys(OPTIONS).find((key) => OPTIONS[key] === name);
      if (field && row[field] === undefined) row[field] = value.trim();
      else row.prompt += ` --${option.trim()}`;  // said by the checker
    }
    return row;
  }
  function written(row) {
    const given = Object.entries(OPTIONS).filter(([field]) => row[field]).map(([field, name]) => ` --${name} ${row[field]}`);
    return row.prompt.trim() + given.join('');
  }
  // A file of prompts, remarks, and a list as TOML has it have no fields.
  function hasRows(text) {
    const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
    const isFile = lines.length === 1 && FILE.test(lines[0]) && !lines[0].includes(' --');
    return !isFile && !text.trim().startsWith('[') && !lines.some((line) => line.startsWith('#'));
  }

  function field(kind, name, words, n, value) {
    const made = make(kind, {name});
    made.setAttribute('aria-label', `${words.one.replace('{n}', n)}: ${words[name]}`);
    if (kind === 'select') {
      const known = words.samplers.some(([key]) => key === value);
      for (const [key, label] of known || !value ? words.samplers : [...words.samplers, [value, value]])
        made.append(new Option(label, key, false, key === value));
    } else {
      made.value = value;
      if (kind === 'textarea') made.rows = 1;
      if (NUMBERS[name]) { made.inputMode = name === 'guidance' ? 'decimal' : 'numeric'; check(made); }
    }
    return make('label', {className: `is-${name}`}, make('span', {textContent: words[name]}), made);
  }
  function check(input) {
    const text = plain(input.value);
    if (text && !NUMBERS[input.name].test(text)) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  }
  function button(name, text, title) {
    const made = make('button', {type: 'button', textContent: text, className: 'rw-act'});
    made.dataset.rowAct = name;
    if (title) { made.title = title; made.setAttribute('aria-label', title); }
    return made;
  }
  function rowOf(values, words, n) {
    const of = (kind, name) => field(kind, name, words, n, values[name] || '');
    const title = (act) => `${words.one.replace('{n}', n)}: ${words[act]}`;
    const row = make('li', {}, of('textarea', 'prompt'), of('textarea', 'negative'),
      ...['width', 'height', 'seed', 'steps', 'guidance'].map((name) => of('input', name)), of('select', 'sampler'),
      make('div', {}, button('more', words.more), button('copy', '', title('copy')), button('remove', '×', title('remove'))));
    row.toggleAttribute('data-open', row.querySelector('[aria-invalid]') !== null);
    return row;
  }
  // What fits the width, and what an empty field means: the size of the images, and what the run takes otherwise.
  function hints(host) {
    host.toggleAttribute('data-narrow', host.clientWidth < 780);
    document.getElementById(host.dataset.for)?.toggleAttribute('data-rows', host.dataset.mode === 'rows');
    const size = plain(document.querySelector(`#${host.dataset.size || 'none'} input`)?.value || '').split(/[,x×]/);
    const [width, height] = [size[0] || '', size[1] || size[0] || ''];
    const said = {width, height, steps: host.dataset.steps, guidance: host.dataset.guidance, seed: host.dataset.seed};
    for (const [name, text] of Object.entries(said))
      for (const input of host.querySelectorAll(`input[name=${name}]`)) if (input.placeholder !== text) input.placeholder = text;
  }

  function draw(host, state, text) {
    state.text = text;
    const can = hasRows(text), isText = state.asText || !can, words = state.words;
    host.dataset.mode = isText ? 'text' : 'rows';
    const list = make('ol');
    if (!isText) {
      const rows = text.split('\n').filter((line) => line.trim()).map((line) => read(line.trim()));
      list.append(...rows.map((row, n) => rowOf(row, words, n + 1)));
    }
    const acts = make('div', {className: 'rw-acts'});
    if (!isText) acts.append(button('add', words.add));
    if (can) acts.append(button(isText ? 'fields' : 'text', isText ? words.fields : words.text));
    host.replaceChildren(...(isText ? [] : [list]), acts);
    hints(host);
  }
  const valuesOf = (row) => Object.fromEntries([...row.querySelectorAll('[name]')].map((made) => [made.name,
    NUMBERS[made.name] ? plain(made.value) : made.value.replace(/\s*\n\s*/g, ' ').trim()]));
  const valuesIn = (host) => [...host.querySelectorAll('li')].map(valuesOf);
  function write(host, rows) {
    const state = drawn.get(host), target = area(host);
    if (!target) return;
    state.text = rows.map(written).filter(Boolean).join('\n');
    if (target.value !== state.text) window.rwPage.put(target, state.text);
  }
  function redraw(host, rows, at, name = 'prompt') {
    write(host, rows);
    const state = drawn.get(host), list = host.querySelector('ol');
    list.replaceChildren(...rows.map((row, n) => rowOf(row, state.words, n + 1)));
    hints(host);
    (list.children[at]?.querySelector(`[name=${name}]`) || host.querySelector('[data-row-act=add]')).focus();
  }

  document.addEventListener('input', ({target}) => {
    const host = target.closest?.('.rw-prompts');
    if (!host) return;
    if (NUMBERS[target.name]) check(target);
    write(host, valuesIn(host));
  });
  // Options that were typed into a prompt go to their fields.
  document.addEventListener('change', ({target}) => {
    const host = target.closest?.('.rw-prompts');
    if (!host || target.name !== 'prompt' || !/ --\S/.test(` ${target.value}`)) return;
    setTimeout(() => {  // once the cursor is where it goes
      const {name, dataset} = document.activeElement;
      const at = [...host.querySelectorAll('li')].indexOf(document.activeElement.closest('li'));
      draw(host, drawn.get(host), area(host).value);
      const again = name ? `[name=${name}]` : dataset.rowAct ? `[data-row-act=${dataset.rowAct}]` : null;
      if (again && at >= 0) host.querySelectorAll('li')[at]?.querySelector(again)?.focus();
    });
  });
  document.addEventListener('keydown', (event) => {
    const host = event.target.closest?.('.rw-prompts');
    if (host && event.key === 'Enter' && !event.isComposing && event.target.matches('textarea')) event.preventDefault();
  });
  document.addEventListener('click', ({target}) => {
    const pressed = target.closest?.('button[data-row-act]'), host = pressed?.closest('.rw-prompts');
    if (!host) return;
    const state = drawn.get(host), rows = valuesIn(host), act = pressed.dataset.rowAct;
    const at = [...host.querySelectorAll('li')].indexOf(pressed.closest('li'));
    if (act === 'more') {
      const isOpen = pressed.closest('li').toggleAttribute('data-open');
      pressed.setAttribute('aria-expanded', String(isOpen));
    }
    if (act === 'add') redraw(host, [...rows, {...rows.at(-1), prompt: '', seed: ''}], rows.length);
    if (act === 'copy') redraw(host, rows.toSpliced(at + 1, 0, {...rows[at]}), at + 1);
    if (act === 'remove') redraw(host, rows.toSpliced(at, 1), Math.min(at, rows.length - 2));
    if (act === 'text' || act === 'fields') {
      state.asText = act === 'text';
      draw(host, state, area(host)?.value ?? '');
      if (state.asText) {
        area(host)?.dispatchEvent(new Event('input', {bubbles: true}));  // it takes the height of its text
        area(host)?.focus();
      } else host.querySelector('[name=prompt], button')?.focus();
    }
  });

  // A text that was set by the program sends no event, so it is looked at; tabs are drawn when they are opened.
  setInterval(() => {
    for (const host of document.querySelectorAll('.rw-prompts')) {
      const target = area(host);
      if (!target || !host.offsetParent) continue;
      // Gradio draws HTML anew by changing it in place: another language has other words, and no rows yet.
      let state = drawn.get(host);
      const isNew = !state || state.said !== host.dataset.rowWords || !host.firstChild || !host.dataset.mode;
      if (isNew) {
        const said = host.dataset.rowWords;
        drawn.set(host, state = {text: null, said, words: JSON.parse(said), asText: state?.asText ?? false});
      }
      if (isNew || (state.text !== target.value && !host.contains(document.activeElement))) draw(host, state, target.value);
      hints(host);
    }
  }, 250);
})();
