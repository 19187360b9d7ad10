// Acts on the images of the preview: boxes to select, a menu for each, the bar below, folders as a list; and its
// buttons for more images or a setting. What is to be done is written as JSON into the hidden field that the server
// listens to.
(() => {
  'use strict';
  const {make, button, fieldOf, put} = window.rwPage;
  const all = (what) => [...document.querySelectorAll(what)];
  const bar = () => document.querySelector('.rw-image-bar');
  const boxes = () => all('#preview-html [data-pick], #preview-fields [data-pick]');
  const tick = (box, is) => { box.checked = is; box.toggleAttribute('checked', is); };

  const write = (act) => put(fieldOf('preview-act'), JSON.stringify({...act, n: Date.now()}));
  const ask = (act) => {
    write(act);
    boxes().forEach((box) => tick(box, false));
    count();
    bar()?.classList.add('is-busy');
  };
  const chosen = () => [...new Set(boxes().filter((box) => box.checked)
    .map((box) => box.closest('[data-key]').dataset.key))];
  function count() {
    if (!bar()) return;
    const n = chosen().length, words = JSON.parse(bar().dataset.imageWords);
    const text = words['images.selected'].replace('#', n), told = bar().querySelector('[data-count]');
    bar().querySelector('[data-chosen]').hidden = !n;
    // Only where it changes: the observer below hears of it.
    if (told.textContent !== text) told.textContent = text;
  }
  // Where the image is shown twice, under a finding and in its bucket, both boxes are one.
  document.addEventListener('change', (event) => {
    if (!event.target.matches?.('[data-pick]')) return;
    const {key} = event.target.closest('[data-key]').dataset;
    boxes().filter((box) => box.closest('[data-key]').dataset.key === key)
      .forEach((box) => tick(box, event.target.checked));
    count();
  });
  new MutationObserver(() => {
    if (bar()?.classList.contains('is-busy')) bar().classList.remove('is-busy');
    count();
  }).observe(document.documentElement, {childList: true, subtree: true, attributeFilter: ['data-key', 'data-image-on']});

  // The menu of one image, of the preview or of the caption card.
  const wordsOf = (inside) => (inside.closest('[data-menu-words]') ?? bar()).dataset;
  const closeMenu = () => all('.rw-menu').forEach((menu) => menu.remove());
  function openMenu(dots) {
    closeMenu();
    const tile = dots.closest('[data-key]');
    const entries = Object.entries(JSON.parse(wordsOf(dots).menuWords)).map(([act, text]) =>
      Object.assign(button(text, () => { closeMenu(); dots.focus(); doOne(act, tile); }, ''), {role: 'menuitem'}));
    const menu = make('div', {className: 'rw-menu', role: 'menu'}, ...entries);
    tile.append(menu);
    const {right} = menu.getBoundingClientRect();
    if (right > document.documentElement.clientWidth - 4) menu.classList.add('is-left');
    menu.firstElementChild.focus();
    menu.addEventListener('keydown', (event) => {
      const at = entries.indexOf(document.activeElement);
      const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1}[event.key];
      if (to !== undefined) { event.preventDefault(); entries.at(to % entries.length).focus(); }
      if (event.key === 'Escape') { event.stopPropagation(); closeMenu(); dots.focus(); }
      if (event.key === 'Tab') closeMenu();
    });
  }
  function doOne(act, tile) {
    const {key, name, plain, mask, pixels} = tile.dataset;
    const words = JSON.parse(wordsOf(tile).imageWords);
    const send = (on) => ask({do: act, keys: [key], on});
    if (act === 'crop') window.rwCrop({name, plain, size: (pixels ?? '').split(' ').map(Number), words}, send);
    else if (act === 'mask') window.rwMask({name, plain, mask, words}, send);
    else ask({do: act, keys: [key]});
  }

  // The folders.
  const rowOf = (target) => target.closest?.('tr[data-folder-key]');
  const valuesOf = (row) => Object.fromEntries([...row.querySelectorAll('[data-folder-field]')]
    .map((field) => [field.dataset.folderField, field.value]));
  const rename = (row) => ask({do: 'name', keys: [row.dataset.folderKey], values: valuesOf(row)});
  const offer = (row) => {
    const fields = [...row.querySelectorAll('[data-folder-field]')];
    const renaming = row.querySelector('[data-folder-rename]');
    renaming.hidden = fields.every((field) => field.value === field.getAttribute('value'));
    const {identifier = '', class: kind, repeats} = valuesOf(row);
    renaming.title = `${repeats}_${`${identifier} ${kind}`.trim()}`;
  };
  document.addEventListener('input', (event) => {
    if (event.target.matches?.('[data-folder-field]')) offer(rowOf(event.target));
  });
  document.addEventListener('change', (event) => {
    if (!event.target.matches?.('[data-folder-on]')) return;
    ask({do: event.target.checked ? 'on' : 'off', keys: [rowOf(event.target).dataset.folderKey]});
  });
  document.addEventListener('keydown', (event) => {
    if (!event.target.matches?.('[data-folder-field]') || event.isComposing) return;
    const row = rowOf(event.target);
    if (event.key === 'Enter' && !row.querySelector('[data-folder-rename]').hidden) rename(row);
    if (event.key === 'Escape') put(event.target, event.target.defaultValue);
  });

  // The caption card is opened, and asked for some captions once it has them.
  async function captions(show) {
    const card = document.getElementById('card-captions'), open = document.getElementById('captions-open');
    const grid = () => card.querySelector('#captions-grid .rw-captions');
    open.click();
    card.scrollIntoView({block: 'start'});
    for (let tries = 0; tries < 100 && !grid(); tries += 1) await new Promise((is) => setTimeout(is, 100));
    window.rwShowCaptions(show);
  }
  document.addEventListener('click', (event) => {
    const {target} = event;
    const of = target.closest?.('[data-captions-of]');
    if (of) captions(of.dataset.captionsOf);
    const dots = target.closest?.('[data-menu]');
    if (!target.closest?.('.rw-menu')) closeMenu();
    if (dots && (dots.closest('[data-menu-words]') || bar())) openMenu(dots);
    const act = target.closest?.('[data-image-do]');
    if (act) {
      const own = act.closest('[data-key]');
      ask({do: act.dataset.imageDo, on: act.dataset.imageOn, keys: own ? [own.dataset.key] : chosen()});
    }
    const plain = target.closest?.('[data-preview-do]');
    if (plain && !plain.disabled) {
      write({do: plain.dataset.previewDo, on: plain.dataset.previewOn});
      // Not pressed twice; what is shown then has its own button, unless it is the same.
      plain.disabled = true;
      setTimeout(() => { plain.disabled = false; }, 3000);
    }
    const select = target.closest?.('[data-select]');
    if (select) {
      boxes().forEach((box) => tick(box, Boolean(select.dataset.select)));
      count();
    }
    if (target.closest?.('[data-folder-rename]')) rename(rowOf(target));
    const copy = target.closest?.('[data-copy-from]');
    const source = fieldOf('make-source');
    if (copy && source) {
      put(source, copy.dataset.copyFrom);
      document.getElementById('card-make').scrollIntoView({block: 'start'});
      fieldOf('make-identifier').focus({preventScroll: true});
    }
  });
})();
