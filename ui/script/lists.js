// Gradio's lists of choices, made to behave as a list beside a field does: it opens for a click, an arrow key or typing
// and not merely because Tab has come to it; Enter takes what was typed unless a choice was gone to by the arrow keys.
(() => {
  'use strict';
  const isList = (target) => target.matches?.('[role=combobox]');
  const quiet = new WeakSet();   // lists that Tab came to, and which Gradio does not know as focused
  const walked = new WeakSet();  // lists in which an arrow key was used since something was typed
  let isTab = false;

  // Gradio opens a list when its field is focused, also before the next key is pressed, and after it was left.
  window.addEventListener('focus', (event) => {
    if (!isTab || !event.isTrusted || !isList(event.target)) return;
    event.stopImmediatePropagation();
    quiet.add(event.target);
  }, true);
  function wake(field) {
    if (quiet.delete(field)) field.dispatchEvent(new FocusEvent('focus'));
  }
  window.addEventListener('pointerdown', ({target}) => {
    isTab = false;
    const field = target.closest?.('.block')?.querySelector('[role=combobox]');
    if (field === document.activeElement && field) wake(field);
  }, true);
  window.addEventListener('blur', ({target}) => quiet.delete(target), true);
  window.addEventListener('input', ({target}) => {
    walked.delete(target);
    if (isList(target)) wake(target);  // pasted or composed, without a key
  }, true);
  window.addEventListener('keydown', (event) => {
    isTab = event.key === 'Tab';
    const field = event.target;
    if (!isList(field)) return;
    if (isTab) { event.stopPropagation(); return; }
    if (['Shift', 'Control', 'Alt', 'Meta', 'Escape'].includes(event.key)) return;
    wake(field);
    if (event.key.startsWith('Arrow')) walked.add(field);
    if (event.key === 'Enter' && !field.readOnly && !walked.has(field)) {
      // What leaving the field would do, without leaving it.
      event.preventDefault();
      event.stopPropagation();
      field.dispatchEvent(new FocusEvent('blur'));
      quiet.add(field);
    }
  }, true);
  window.addEventListener('keyup', () => setTimeout(() => { isTab = false; }), true);

  // On a busy machine the key before Tab opens it only when its field has been left.
  new MutationObserver((changes) => {
    for (const {target} of changes) {
      const isOpen = target.getAttribute('aria-expanded') === 'true';
      if (isOpen && target.matches('[role=combobox]') && target !== document.activeElement) {
        target.dispatchEvent(new FocusEvent('blur'));
      }
    }
  }).observe(document.documentElement, {subtree: true, attributeFilter: ['aria-expanded']});
})();
