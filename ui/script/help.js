// Help stands in one line at its field. What is longer is marked, and shown whole while a pointer is on it or the field
// was reached by the keyboard. Readers of the screen are told all of it: it describes its field.
(() => {
  'use strict';
  const {make, perFrame, drawn} = window.rwPage;
  const MARK = '.info-text', DELAY = 120;
  const tip = make('aside', {id: 'rw-help', hidden: true, role: 'tooltip'});
  let byKey = false, timer = 0, owner = null;

  const blockOf = (element) => element?.closest?.('.block');
  const helpOf = (element) => blockOf(element)?.querySelector(MARK);

  function told(element, name, id) {
    const ids = new Set((element.getAttribute(name) ?? '').split(' ').filter(Boolean));
    element.setAttribute(name, [...ids.add(id)].join(' '));
  }

  function tie(help) {
    const block = blockOf(help);
    if (!block?.id) return;
    help.id = block.id + '-help';
    const label = block.querySelector('[data-testid=block-info]');
    if (label) label.id = block.id + '-label';
    const fields = block.matches('fieldset') ? [block] : block.querySelectorAll('input, textarea');
    for (const field of fields) {
      told(field, 'aria-describedby', help.id);
      // A label around field and help would make the help a part of the name.
      if (label && !field.hasAttribute('aria-label')) field.setAttribute('aria-labelledby', label.id);
    }
    sizes.observe(help);
    texts.observe(help, {childList: true, characterData: true, subtree: true});
    measure(help);
  }

  const measure = (help) => blockOf(help)?.classList.toggle('has-more', 
    help.scrollWidth > help.clientWidth + 1 || help.scrollHeight > help.clientHeight + 1);
  // A frame later: the mark may change the sizes that are being told of.
  const sizes = new ResizeObserver((entries) =>
    requestAnimationFrame(() => entries.forEach(({target}) => measure(target))));
  const texts = new MutationObserver((changes) =>
    new Set(changes.map(({target}) => helpOf(target.parentElement ?? target))).forEach((help) => help && measure(help)));

  function show(block) {
    clearTimeout(timer);
    const help = block.querySelector(MARK);
    tip.replaceChildren(...[...help.childNodes].map((node) => node.cloneNode(true)));
    if (!tip.isConnected) document.querySelector('.gradio-container').append(tip);
    owner = block;
    tip.hidden = false;
    const at = (block.querySelector('[data-testid=block-info]') ?? block).getBoundingClientRect();
    const above = at.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(12, Math.min(at.left, innerWidth - tip.offsetWidth - 12)) + 'px';
    tip.style.top = (above > 4 ? above : block.getBoundingClientRect().bottom + 6) + 'px';
  }
  function hide() {
    clearTimeout(timer);
    tip.hidden = true;
    owner = null;
  }
  const later = (act) => { clearTimeout(timer); timer = setTimeout(act, DELAY); };

  document.addEventListener('keydown', ({key}) => { byKey = true; if (key === 'Escape') hide(); }, true);
  document.addEventListener('pointerdown', () => { byKey = false; }, true);
  document.addEventListener('focusin', ({target}) => {
    const block = blockOf(target);
    if (byKey && block?.matches('.has-more')) show(block); else if (owner !== block) hide();
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('scroll', hide, true);
  document.addEventListener('mouseover', ({target}) => {
    const block = target.closest?.('.has-more');
    const isOn = block && target.closest('.info-text, [data-testid=block-info], .label-text');
    if (isOn) later(() => show(block)); else if (!tip.hidden && !tip.contains(target)) later(hide);
  });

  drawn(perFrame(() => document.querySelectorAll(MARK + ':not([id])').forEach(tie)));
})();
