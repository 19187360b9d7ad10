// The head of the page: the search opens by Ctrl-K, shuts by a click elsewhere, and is emptied and shut by Escape; of
// the list of presets the one that is looked at is marked.
(() => {
  'use strict';
  const head = () => document.getElementById('rw-header');
  const {fieldOf, put} = window.rwPage;
  const field = () => fieldOf('find');
  const show = (isOpen) => head()?.classList.toggle('is-finding', isOpen);

  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && field()) {
      event.preventDefault();
      field().focus();
      field().select();
    }
    if (event.key === 'Escape' && !event.isComposing && event.target.closest?.('#find, #found')) {
      if (field().value) put(field(), '');
      field().focus();
      show(false);
    }
  });
  document.addEventListener('input', (event) => { if (event.target.closest?.('#find')) show(true); });
  document.addEventListener('focusin', (event) => { if (event.target.closest?.('#find')) show(true); });
  document.addEventListener('click', (event) => {
    if (!event.target.closest('#find, #found') || event.target.closest('#found button')) show(false);
    event.target.closest('[data-put-away]')?.parentElement.remove();
    // One after the other: opened from inside the menu, the dialog would close with it.
    if (event.target.closest('#menu-box button')) document.getElementById('menu-box').hidePopover();
    if (event.target.closest('.rw-open-files')) document.getElementById('files-box').showPopover();
    const wanted = event.target.closest('button[data-use]');
    const taking = document.getElementById('use-model');
    if (wanted && taking) {
      taking.setAttribute('data-on', wanted.dataset.use);
      taking.click();
    }
    const looked = event.target.closest('#preset-list .rw-look');
    if (!looked) return;
    for (const one of document.querySelectorAll('#preset-list .rw-look'))
      one.setAttribute('aria-pressed', String(one === looked));
  });
})();
