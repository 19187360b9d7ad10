// What tests/ui/using.py asks of a page.
() => {
  const PRESSABLE = 'button, a[href], summary, input[type=checkbox], input[type=radio], input[type=range], select';
  const SETTABLE = 'input, textarea:not([data-rows] textarea), select';
  const SOON = 400;  // milliseconds: a timer for what a press does, not for what is done again and again
  const SHOWN = 250;  // milliseconds without a change after which work that goes on has been shown
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
  const values = () => Object.fromEntries([...document.querySelectorAll(SETTABLE)].map((field) => {
    const owner = field.closest('[id]')?.id ?? '';
    const inside = [...document.getElementById(owner)?.querySelectorAll(SETTABLE) ?? []];
    return [`${owner} ${inside.indexOf(field)}`, ['checkbox', 'radio'].includes(field.type) ? field.checked : field.value];
  }));
  let text = '', rest = '', isTouched = false, touchedAt = 0;
  new MutationObserver(() => { isTouched = true; touchedAt = performance.now(); }).observe(
    document.documentElement, {subtree: true, childList: true, attributes: true, characterData: true});
  // Whether the page is another one than was remembered.
  const isNew = () => {
    if (seenRest() !== rest) return true;
    if (!isTouched) return false;
    isTouched = false;
    return seenText() !== text;
  };

  // What is still to come of a press: timers that run out soon, and what the server was asked and has not answered.
  const later = window.setTimeout.bind(window), never = window.clearTimeout.bind(window), ask = window.fetch.bind(window);
  const timers = new Set(), questions = new Set(), events = new Set();
  window.setTimeout = (act, delay = 0, ...given) => {
    const timer = later(() => { timers.delete(timer); act(...given); }, delay);
    if (delay <= SOON) timers.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => { timers.delete(timer); never(timer); };
  // Gradio answers an event in a stream of its own, by the event's number.
  async function answers(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    for (let left = '', got = await reader.read(); !got.done; got = await reader.read()) {
      const lines = (left + got.value).split('\n');
      left = lines.pop();
      for (const [, number] of lines.filter((line) => line.includes('process_completed')).map((line) => line.match(/"event_id": ?"(\w+)"/) ?? []))
        events.delete(number);
    }
  }
  window.fetch = async (...given) => {
    const url = String(given[0]?.url ?? given[0]);
    if (/\/live\?|^live\?|heartbeat/.test(url)) return ask(...given);
    const question = {};
    if (!url.includes('queue/data')) questions.add(question);
    try {
      const answer = await ask(...given);
      if (url.includes('queue/data')) answers(answer.clone().body).catch(() => {});
      if (url.includes('queue/join') && answer.ok) events.add((await answer.clone().json()).event_id);
      return answer;
    } finally {
      questions.delete(question);
    }
  };
  const unmark = () => document.querySelectorAll('[data-used]').forEach((e) => e.removeAttribute('data-used'));
  // Remember all that a user can see of the page, but for the clock of a run; what stands in every field.
  const remember = () => {
    isTouched = false;
    events.clear();  // of work that goes on
    [text, rest] = [seenText(), seenRest()];
    return values();
  };
  const frames = async () => { for (const _ of [1, 2]) await new Promise(requestAnimationFrame); };
  window.rwUsing = {
    // The first thing that was not done yet, marked, with what a press needs to know of it; the page is remembered.
    next: (roots, done, alike, most) => {
      document.querySelectorAll('.rw-here').forEach((e) => e.classList.remove('rw-here'));
      unmark();
      const found = all(roots).find(({key, kind}) => !done.includes(key) && (alike[kind] ?? 0) < most);
      if (!found) return null;
      const {e, key, kind} = found;
      place(e).setAttribute('data-used', '');
      const leaves = e.localName === 'a' && !e.hasAttribute('download') && !e.getAttribute('href').startsWith('#');
      return {key, kind, leaves, tag: e.localName, type: e.type || '', fills: e.dataset.into === 'form',
        isOn: Boolean(e.checked), before: remember()};
    },
    fields: (roots) => {
      document.querySelectorAll('[data-field]').forEach((e) => e.removeAttribute('data-field'));
      return fields(roots).map(({name, e}, n) => { e.setAttribute('data-field', n); return [name, e.type]; });
    },
    lists: (roots) => [...document.querySelectorAll(roots)].flatMap((root) => [...root.querySelectorAll('input[role=combobox]')])
      .filter((e) => isSeen(e) && !e.closest('.is-path')).map((e) => e.closest('[id]').id),
    remember,
    // Wait until nothing more is to come; of work that goes on, until it has been shown. Whether the page is new then.
    settled: async (patience) => {
      const until = performance.now() + patience;
      for (let is = false; performance.now() < until;) {
        await frames();
        is ||= isNew();
        if (timers.size || questions.size) continue;
        if (!events.size || (is && performance.now() - touchedAt > SHOWN)) 
          return {isNew: is, after: values(), dialogs: document.querySelectorAll('dialog').length};
      }
      return null;
    },
    waitsFor: () => `${timers.size} timers, ${questions.size} questions, ${events.size} events`,
  };
}
