// Gradio tells of typing when a key is pressed, so not of what is pasted, deleted, composed (Japanese) or
// typed on a phone. Every change of a text field is made a key press here; one more is no harm.
document.addEventListener('input', (event) => {
  if (event.target.matches('[data-testid="textbox"]'))
    event.target.dispatchEvent(new KeyboardEvent('keypress', {bubbles: true}));
});

// What is typed, ticked or chosen in a setting is told of by one event for all of them, after a short rest.
// Lists are Gradio's own, which says itself when something is picked.
(() => {
  'use strict';
  const REST = {input: 250, change: 30};
  let timer = 0;
  const tell = () => document.querySelector('#rw-typed [data-typed]')
    ?.dispatchEvent(new CustomEvent('rw-typed', {bubbles: true}));
  for (const [kind, rest] of Object.entries(REST)) {
    document.addEventListener(kind, (event) => {
      if (!event.target.closest?.('.opt') || event.target.matches('[role=listbox], [role=combobox]')) return;
      clearTimeout(timer);
      timer = setTimeout(tell, rest);
    });
  }
})();
