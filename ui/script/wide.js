// The run panel beside the settings, or over the whole width of the window; which of the two is remembered.
(() => {
  'use strict';
  const KEPT = 'rareword-wide';
  const {isKept, keep, once} = window.rwPage;

  function turn(isWide) {
    for (const part of [document.body, document.getElementById('rw-main')]) part.classList.toggle('is-wide', isWide);
  }

  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-wide]')) return;
    turn(!document.body.classList.contains('is-wide'));
    keep(KEPT, document.body.classList.contains('is-wide'));
  });
  // What leads to a setting shows the settings; the next visit is as it was chosen.
  document.addEventListener('rw-goto', () => turn(false));

  once(() => ['rw-run', 'run-message'].map((id) => document.getElementById(id)), (panel, message) => {
    panel.setAttribute('role', 'region');
    panel.setAttribute('aria-labelledby', 'run-name');
    message.setAttribute('aria-live', 'polite');  // what a button answers
    turn(isKept(KEPT));
  });
})();
