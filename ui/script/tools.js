// The Tools tab: which card is shown, the fields of the card that generates images, a run named in a card.
(() => {
  'use strict';
  const {put, until, drawn} = window.rwPage;
  const KEPT = 'rw-tool', HEAD = 160;  // pixels of the head of the page and the tabs, at most
  let suggested = {}, target = '', first = '';
  const form = () => document.querySelector('#try-form .rw-try');

  const radios = () => [...document.querySelectorAll('#tools-list input')];
  const chosen = () => radios().find(({checked}) => checked);

  // The card is shown; on a narrow window it takes the place of the list.
  function show(card) {
    sessionStorage.setItem(KEPT, card);
    const radio = radios().find(({value}) => value === card);
    if (radio) radio.checked = true;
    document.body.dataset.tool = card;
  }
  function open(card) {
    show(card);
    if (isBeside()) return;
    document.querySelector('.rw-tool-back').focus({preventScroll: true});
    toHead();
  }
  function back() {
    sessionStorage.removeItem(KEPT);
    delete document.body.dataset.tool;
    chosen()?.focus();
    toHead();
  }
  // What takes the place of something longer begins in sight.
  function toHead() {
    const place = document.getElementById('tools').getBoundingClientRect().top;
    if (place < HEAD) scrollBy(0, place - HEAD);
  }
  const isBeside = () => getComputedStyle(document.getElementById('tools')).display === 'grid';

  // How far the work of each tool is, in the list.
  function tell() {
    for (const radio of radios()) {
      const bar = document.getElementById(radio.value)?.querySelector('.rw-bar');
      const now = bar?.getAttribute('aria-valuenow');
      const text = !bar ? '' : now ? `${now} %` : '…';
      const told = radio.parentElement.querySelector('output');
      if (told.textContent !== text) told.textContent = text;
    }
  }

  const unchanged = (field) => field.defaultValue ?? [...field.options].find((one) => one.defaultSelected)?.value;

  // How a run was sampled stands in the fields until a user writes something of his own.
  function suggest(select) {
    const told = JSON.parse(select.selectedOptions[0]?.dataset.suggest ?? '{}');
    for (const [name, text] of Object.entries(told)) {
      const field = form().querySelector(`[name="${CSS.escape(name)}"]`), has = field.value.trim();
      if (has && field.value !== suggested[name] && field.value !== unchanged(field)) continue;
      put(field, text);
    }
    suggested = {...suggested, ...told};
  }

  function choose(id) {
    const select = form()?.querySelector('[name=target]');
    if (!select || ![...select.options].some(({value}) => value === id)) return false;
    select.value = id;
    select.dispatchEvent(new Event('change', {bubbles: true}));
    return true;
  }

  // A run in the field of the card that its button leads to.
  function name(id, run) {
    const field = document.querySelector(`#${CSS.escape(id)} input`);
    if (!field) return false;
    put(field, run);
    field.dispatchEvent(new FocusEvent('blur'));  // when a list of Gradio's takes what was typed
    return true;
  }

  document.addEventListener('rw-tools', () => {
    const card = sessionStorage.getItem(KEPT);
    if (card) show(card);
  });
  document.addEventListener('change', ({target: field}) => {
    if (field.name === 'rw-tool' && isBeside()) show(field.value);
    if (field.name !== 'target' || !field.closest('#try-form')) return;
    target = field.value;
    suggest(field);
  });
  // Where the list gives way to the card, the arrows only move in it: a click or Enter opens.
  document.addEventListener('keydown', (event) => {
    if (event.target.name !== 'rw-tool' || event.key !== 'Enter') return;
    event.preventDefault();  // else it presses the button as well that has the cursor by then
    open(event.target.value);
  });
  document.addEventListener('rw-goto', ({detail: id}) => until(() => {  // the tab may not be drawn yet
    const card = document.getElementById(id)?.closest('#tools > [id]');
    if (card) show(card.id);
    return Boolean(card);
  }));
  document.addEventListener('click', (event) => {
    const entry = event.detail && event.target.closest?.('.rw-tool-list label');
    if (entry) open(entry.control.value);
    if (event.target.closest?.('.rw-tool-back')) back();
    const named = event.target.closest?.('[data-named-run]');
    if (named) until(() => name(named.dataset.namedField, named.dataset.namedRun));
    const wanted = event.target.closest?.('[data-try]')?.dataset.try;
    const again = event.target.closest?.('[data-again]')?.dataset.again;
    if (wanted) until(() => choose(wanted));
    if (!again) return;
    const {target: model, ...fields} = JSON.parse(again);
    choose(model);  // first: it suggests
    for (const [name, text] of Object.entries(fields)) {
      const field = form()?.querySelector(`[name="${CSS.escape(name)}"]`);
      if (field) put(field, text);
    }
    form()?.scrollIntoView({block: 'nearest'});
  });

  // Gradio draws the list of models anew in place: what was chosen stays chosen, wherever it stands now; before
  // that the newest is.
  drawn(() => {
    tell();
    const select = form()?.querySelector('[name=target]');
    if (!select?.options.length) return;
    const isNew = first !== select.options[0].value;
    first = select.options[0].value;
    if (target && select.value !== target) choose(target);
    else if (!target && isNew) {
      select.selectedIndex = 0;
      suggest(select);
    }
  });
})();
