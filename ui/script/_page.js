// What the scripts of the page share: elements, fields of Gradio's, dialogs, and waiting for what is drawn later.
(() => {
  'use strict';
  const EVERY = 50, TRIES = 60;  // milliseconds; a part that is not there after three seconds does not come

  function make(tag, values = {}, ...children) {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...children);
    return made;
  }
  // label: what it does, where the text is a sign.
  function button(textContent, press, className = 'rw-act', label = '') {
    const made = make('button', {type: 'button', textContent, className});
    if (label) {
      made.title = label;
      made.setAttribute('aria-label', label);
    }
    made.addEventListener('click', press);
    return made;
  }
  // A dialog over the page: closed by a click beside it, and gone once it is closed.
  function dialog(className, ...children) {
    const made = make('dialog', {className}, ...children);
    made.addEventListener('click', ({target}) => { if (target === made) made.close(); });
    made.addEventListener('close', () => made.remove());
    document.body.append(made);
    return made;
  }

  const fieldOf = (id) => document.querySelector(`#${id} input, #${id} textarea`);
  // As if it were typed: Gradio hears of it.
  function put(field, value) {
    field.value = value;
    field.dispatchEvent(new Event('input', {bubbles: true}));
  }

  function perFrame(act) {
    let isDue = false;
    return () => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => { isDue = false; act(); });
    };
  }
  const followers = [];
  const drawn = (act) => followers.push(act);  // called whenever something was drawn
  new MutationObserver(() => followers.forEach((act) => { try { act(); } catch (error) { reportError(error); } }))
    .observe(document, {childList: true, subtree: true});

  // act gets what find gives, once that is all there. find: an element, or a list of them.
  function once(find, act) {
    let isOver = false;
    drawn(() => {
      if (isOver) return;
      const found = [find()].flat();
      if (!found.every(Boolean)) return;
      isOver = true;
      act(...found);
    });
  }
  // Until act says that it is done.
  function until(act) {
    let tries = TRIES;
    const go = () => { if (!act() && tries-- > 0) setTimeout(go, EVERY); };
    go();
  }

  function words() {
    const said = JSON.parse(document.getElementById('rw-words').textContent);
    return said[document.documentElement.lang] ?? said.en;
  }
  // Yes or no, remembered by this browser where it may remember.
  const isKept = (name) => { try { return localStorage.getItem(name) === 'yes'; } catch { return false; } };
  function keep(name, is) {
    try { if (is) localStorage.setItem(name, 'yes'); else localStorage.removeItem(name); } catch { /* private window */ }
  }

  window.rwPage = {make, button, dialog, fieldOf, put, perFrame, drawn, once, until, words, isKept, keep};
})();
