// The fields that a message says are wrong are marked, for eyes and for readers, until they are changed or the
// message goes. Tabs are drawn when they are opened first, so that a field may come later than the message.
(() => {
  'use strict';
  const FIELDS = 'input, textarea';
  let isDue = false;

  function mark() {
    isDue = false;
    const wrong = new Set([...document.querySelectorAll('[data-wrong]')]
      .filter((said) => said.offsetParent && !said.closest('.is-over')).map((said) => said.dataset.wrong));
    for (const field of document.querySelectorAll('.opt [aria-invalid]'))
      if (!wrong.has(field.closest('.opt').id)) field.removeAttribute('aria-invalid');
    for (const id of wrong) {
      const option = document.getElementById(id);
      option?.querySelectorAll(FIELDS).forEach((field) => {
        if (field.getAttribute('aria-invalid') !== 'true' && !changed.has(field)) field.setAttribute('aria-invalid', 'true');
      });
    }
  }
  const changed = new WeakSet();  // since the message came
  document.addEventListener('input', ({target}) => {
    if (!target.matches('.opt [aria-invalid]')) return;
    changed.add(target);
    target.removeAttribute('aria-invalid');
  });
  new MutationObserver((changes) => {
    for (const {addedNodes} of changes) for (const node of addedNodes)
      if (node.nodeType === 1 && (node.matches('[data-wrong]') || node.querySelector('[data-wrong]')))
        document.querySelectorAll('.opt ' + FIELDS).forEach((field) => changed.delete(field));
    if (!isDue) { isDue = true; requestAnimationFrame(mark); }
  }).observe(document, {childList: true, subtree: true, attributeFilter: ['data-wrong', 'class']});
})();
