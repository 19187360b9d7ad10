// The run panel beside the settings, or over the whole width of the window; which of the two is remembered.
(() => {
  'use strict';
  const KEPT = 'rareword-wide';
  const kept = () => { try { return localStorage.getItem(KEPT) === 'yes'; } catch { return false; } };

  function turn(isWide, isKept = true) {
    for (const part of [document.body, document.getElementById('rw-main')]) part.classList.toggle('is-wide', isWide);
    if (!isKept) return;
    try { if (isWide) localStorage.setItem(KEPT, 'yes'); else localStorage.removeItem(KEPT); } catch { /* private window */ }
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest?.('[data-wide]')) turn(!document.body.classList.contains('is-wide'));
  });
  // What leads to a setting shows the settings; the next visit is as it was chosen.
  document.addEventListener('rw-goto', () => turn(false, false));

  const waiting = new MutationObserver(() => {
    const panel = document.getElementById('rw-run'), message = document.getElementById('run-message');
    if (!panel || !message) return;
    waiting.disconnect();
    panel.setAttribute('role', 'region');
    panel.setAttribute('aria-labelledby', 'run-name');
    message.setAttribute('aria-live', 'polite');  // what a button answers
    turn(kept(), false);
  });
  waiting.observe(document, {childList: true, subtree: true});
})();
