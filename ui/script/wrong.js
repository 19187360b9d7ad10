// The fields that a message says are wrong are marked, for eyes and for readers, until they are changed or the
// message goes. Tabs are drawn when they are opened first, so that a field may come later than the message.
(() => {
  'use strict';
  let said = '', changed = new WeakSet();  // fields that were changed since it was said

  const mark = window.rwPage.perFrame(() => {
    const shown = [...document.querySelectorAll('[data-wrong]')]
      .filter((message) => message.offsetParent && !message.closest('.is-over'));
    const now = shown.map((message) => message.textContent).join('\n');
    if (now !== said) [said, changed] = [now, new WeakSet()];
    const wrong = new Set(shown.map((message) => message.dataset.wrong));
    for (const field of document.querySelectorAll('.opt [aria-invalid=true]'))
      if (!wrong.has(field.closest('.opt').id)) right(field);
    for (const id of wrong) {
      const message = shown.find((one) => one.dataset.wrong === id);
      const name = `wrong-${id}`;
      document.getElementById(name)?.removeAttribute('id');  // the same may be said at several places
      message.id = name;
      for (const field of document.getElementById(id)?.querySelectorAll('input, textarea') ?? []) {
        if (changed.has(field)) continue;
        field.setAttribute('aria-invalid', 'true');
        field.setAttribute('aria-errormessage', name);
      }
    }
  });
  function right(field) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-errormessage');
  }
  document.addEventListener('input', ({target}) => {
    if (!target.matches('.opt [aria-invalid=true]')) return;
    changed.add(target);
    right(target);
  });
  new MutationObserver(mark).observe(document, {childList: true, subtree: true, characterData: true, attributeFilter: ['data-wrong', 'class']});
})();
