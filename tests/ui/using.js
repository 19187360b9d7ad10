// What tests/ui/using.py asks of a page.
() => {
  const PRESSABLE = 'button, a[href], summary, input[type=checkbox], input[type=radio], input[type=range], select';
  const isSeen = (e) => e.checkVisibility({visibilityProperty: true}) && e.getBoundingClientRect().width > 0 &&
    !e.closest('[aria-hidden=true], .visually-hidden');
  // Where an option of a radio or a box is drawn, a user presses its words.
  const place = (e) => ['radio', 'checkbox'].includes(e.type) ? e.closest('label') ?? e : e;
  const owner = (e) => e.closest('[id]:not([id^="html-"]):not([id^="component-"])')?.id ?? '';
  const name = (e) => (e.getAttribute('aria-label') || e.innerText || e.value || '').trim().replace(/\s+/g, ' ').slice(0, 40);
  const kind = (e) => e.id || `${owner(e)} ${e.localName} ${e.className.toString().replace(/svelte-\w+/g, '')} ${[...e.attributes]
    .filter((a) => a.name.startsWith('data-') && a.name !== 'data-used').map((a) => a.name + (a.name === 'data-act' ? a.value : '')).join(' ')}`;
  const all = (roots) => {
    const times = {};
    return [...document.querySelectorAll(roots)].flatMap((root) => [...root.querySelectorAll(PRESSABLE)])
      .filter((e) => isSeen(place(e)) && !e.disabled && e.textContent !== e.dataset.done).map((e) => {
        const key = `${owner(e)} | ${e.localName} | ${name(e)}`;
        times[key] = (times[key] ?? 0) + 1;
        return {e, key: `${key} | ${times[key]}`, kind: kind(e)};
      });
  };
  const FIELDS = 'input, textarea, select';
  const fields = (roots) => [...document.querySelectorAll(roots)].flatMap((root) => [...root.querySelectorAll(FIELDS)])
    .filter((e) => isSeen(e) && !e.disabled && !e.readOnly && e.getAttribute('role') !== 'listbox' &&
      (e.getAttribute('role') !== 'combobox' || e.closest('.is-path')) &&
      !['checkbox', 'radio', 'file', 'range', 'submit', 'select-one'].includes(e.type)).map((e) => {
        const owner = e.closest('[id]')?.id ?? '';
        return {e, name: `${owner} ${[...document.getElementById(owner)?.querySelectorAll(FIELDS) ?? []].indexOf(e)}`};
      });
  const clocks = () => [...document.querySelectorAll('.rw-status time')].map((e) => e.innerText);
  const plain = (text) => clocks().reduce((rest, clock) => rest.replace(clock, ''), text);
  // Texts are asked for only after something was changed: asking lays out the whole page.
  const seenText = () => plain(document.body.innerText);
  const seenRest = () => [
    ...[...document.querySelectorAll('input, textarea, select')].map((e) => e.type === 'radio' || e.type === 'checkbox' ? e.checked : e.value),
    ...[...document.querySelectorAll('details')].map((e) => e.open),
    ...[...document.querySelectorAll('[aria-expanded], [aria-pressed], [aria-selected]')].map((e) => e.getAttribute('aria-expanded') + e.getAttribute('aria-pressed') + e.getAttribute('aria-selected')),
    ...[...document.querySelectorAll('button')].map((e) => e.disabled),
    ...[...document.querySelectorAll('img')].map((e) => e.currentSrc),
    ...[...document.querySelectorAll('polyline.smooth')].map((e) => e.getAttribute('points')),
    document.querySelectorAll('dialog').length, [...document.querySelectorAll(':popover-open')].map((e) => e.id).join(), document.querySelectorAll('.rw-here').length,
    document.body.dataset.level, Math.round(scrollY / 40), Math.round(document.getElementById('rw-run').scrollTop / 40),
  ].join('\n');
  let text = '', rest = '', isTouched = false;
  new MutationObserver(() => { isTouched = true; }).observe(
    document.documentElement, {subtree: true, childList: true, attributes: true, characterData: true});
  window.rwUsing = {
    list: (roots) => all(roots).map(({key, kind}) => [key, kind]),
    take: (roots, key) => {
      document.querySelectorAll('.rw-here').forEach((e) => e.classList.remove('rw-here'));
      document.querySelectorAll('[data-used]').forEach((e) => e.removeAttribute('data-used'));
      const found = all(roots).find((one) => one.key === key);
      if (found) place(found.e).setAttribute('data-used', '');
      return found ? {tag: found.e.localName, type: found.e.type || '', leaves: found.e.localName === 'a' && !found.e.hasAttribute('download') && !found.e.getAttribute('href').startsWith('#'), fills: found.e.dataset.into === 'form', isOn: Boolean(found.e.checked)} : null;
    },
    fields: (roots) => fields(roots).map(({name, e}) => [name, e.type]),
    takeField: (roots, name) => {
      document.querySelectorAll('[data-used]').forEach((e) => e.removeAttribute('data-used'));
      fields(roots).find((one) => one.name === name)?.e.setAttribute('data-used', '');
    },
    lists: (roots) => [...document.querySelectorAll(roots)].flatMap((root) => [...root.querySelectorAll('input[role=combobox]')])
      .filter((e) => isSeen(e) && !e.closest('.is-path')).map((e) => e.closest('[id]').id),
    // Remember all that a user can see of the page, but for the clock of a run.
    remember: () => {
      isTouched = false;
      [text, rest] = [seenText(), seenRest()];
    },
    // Whether it is another one than was remembered.
    isNew: () => {
      if (seenRest() !== rest) return true;
      if (!isTouched) return false;
      isTouched = false;
      return seenText() !== text;
    },
  };
}
