// Gradio's list of choices opens anew at every key pressed in its field, Tab too, and after the field was left.
window.addEventListener('keydown', (event) => {
  if (event.key === 'Tab' && event.target.matches?.('[role=combobox]')) event.stopPropagation();
}, true);

// On a busy machine the key before Tab opens it only when its field has been left.
new MutationObserver((changes) => {
  for (const {target} of changes) {
    const isOpen = target.getAttribute('aria-expanded') === 'true';
    if (isOpen && target.matches('[role=combobox]') && target !== document.activeElement) {
      target.dispatchEvent(new FocusEvent('blur'));
    }
  }
}).observe(document.documentElement, {subtree: true, attributeFilter: ['aria-expanded']});
