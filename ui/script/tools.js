// The Tools tab: which card is shown, and the fields of the card that generates images.
(() => {
  'use strict';
  const {put, until, drawn} = window.rwPage;
  const KEPT = 'rw-tool';
  let suggested = {}, target = '', first = '';
  const form = () => document.querySelector('#try-form .rw-try');

  function show(card) {
    sessionStorage.setItem(KEPT, card);
    const radio = [...document.querySelectorAll('#tools-list input')].find(({value}) => value === card);
    if (radio) radio.checked = true;
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

  document.addEventListener('rw-tools', () => {
    const card = sessionStorage.getItem(KEPT);
    if (card) show(card);
  });
  document.addEventListener('change', ({target: field}) => {
    if (field.name === 'rw-tool') show(field.value);
    if (field.name !== 'target' || !field.closest('#try-form')) return;
    target = field.value;
    suggest(field);
  });
  document.addEventListener('rw-goto', ({detail: id}) => until(() => {  // the tab may not be drawn yet
    const card = document.getElementById(id)?.closest('#tools > [id]');
    if (card) show(card.id);
    return Boolean(card);
  }));
  document.addEventListener('click', (event) => {
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
