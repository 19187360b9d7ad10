// The caption grid: a hidden field takes what is done to the server, another brings answers. Messages go
// one at a time and wait until they are answered, so that none is lost or overtakes another.
(() => {
  const {fieldOf, perFrame} = window.rwPage;
  const waiting = [];
  let sent = null, number = Date.now(), again = 0, toFirst = null;
  const all = (what, from = document) => [...from.querySelectorAll(what)];
  const fields = () => all('textarea[data-caption-field]');
  const own = (key) => fields().find((area) => area.dataset.captionField === key);

  const put = (id, value) => window.rwPage.put(fieldOf(id), JSON.stringify(value));
  const post = () => {
    if (sent || !waiting.length) return;
    sent = {...waiting.shift(), n: ++number};
    put('captions-bridge', sent);
    // A window that was restarted, or a line that broke, does not answer.
    again = setTimeout(() => {
      sent.tries = (sent.tries || 0) + 1;
      if (sent.tries < 3) waiting.unshift(sent);
      else lost(sent);
      sent = null;
      post();
    }, 15000);
  };
  const send = (message) => { waiting.push(message); post(); };

  const tell = (area, text, tone) => {
    const place = area.closest('.rw-caption').querySelector('[data-said]');
    place.textContent = text;
    place.className = tone || '';
  };
  const lost = ({key, text, base}) => {
    const area = key && own(key);
    if (!area) { if (key) unsaved.set(key, {text, base}); return; }
    delete area.dataset.sent;
    tell(area, area.closest('.rw-captions').dataset.lost, 'is-bad');
  };

  // Gradio draws the grid anew by changing it in place: a field gets the caption of another image, or another
  // caption of its own, and what was typed there would stay in it. So each field is known as it was drawn last.
  // What could not be saved is kept by image, and shown again where the image is.
  const known = new WeakMap(), unsaved = new Map();
  const drawnAs = (area) => ({key: area.dataset.captionField, text: area.defaultValue, base: area.dataset.base});
  const restore = (area) => {
    const kept = unsaved.get(area.dataset.captionField);
    area.value = kept ? kept.text : area.defaultValue;
    unsaved.delete(area.dataset.captionField);
    if (!kept || kept.text === area.defaultValue) return;
    area.dataset.base = kept.base;  // what it was typed over: a file that has changed since is not overwritten
    tell(area, area.closest('.rw-captions').dataset.unsaved);
  };
  const settle = (area) => {
    const before = known.get(area), now = drawnAs(area);
    if (before && before.key === now.key && before.text === now.text) return;
    const typed = before && area.value !== before.text && !area.readOnly && {text: area.value, base: before.base};
    if (before && before.key !== now.key && typed) unsaved.set(before.key, typed);
    if (!before || before.key !== now.key || !typed) restore(area);
    else area.dataset.base = before.base;
    known.set(area, drawnAs(area));
  };

  const isDirty = (area) => !area.readOnly && area.value !== area.defaultValue;
  const save = (area) => {
    if (!isDirty(area) || area.dataset.sent === area.value) return;
    area.dataset.sent = area.value;
    tell(area, area.closest('.rw-captions').dataset.saving);
    // One sign more than is taken says as much as all of a text that is too long.
    const text = area.value.slice(0, 1 + Number(area.closest('.rw-captions').dataset.longest));
    send({do: 'save', key: area.dataset.captionField, text, base: area.dataset.base});
  };

  const saved = (row) => {
    for (const message of waiting) if (message.key === row.key) message.base = row.base;
    const area = own(row.key);
    if (!area) {
      if (!row.ok && sent && sent.key === row.key) unsaved.set(row.key, {text: sent.text, base: sent.base});
      return;
    }
    area.dataset.base = row.base;
    delete area.dataset.sent;
    if (row.ok) area.defaultValue = row.text;
    // Saved once more beside the word of a conflict it wins; but not on another page, where that is not seen.
    known.set(area, row.ok ? drawnAs(area) : {...drawnAs(area), base: known.get(area)?.base ?? row.base});
    tell(area, isDirty(area) && row.ok ? '' : row.said, row.ok ? 'is-good' : 'is-bad');
    const tokens = area.closest('.rw-caption').querySelector('[data-tokens]');
    if (row.tokens) { tokens.textContent = row.tokens; tokens.className = row.over ? 'is-over' : ''; }
  };
  window.rwShowCaptions = (show) => send({do: 'show', value: show});
  window.rwCaptions = (text) => {
    if (!text) return;
    const answer = JSON.parse(text);
    for (const row of answer.saved || []) saved(row);
    for (const [key, url] of Object.entries(answer.images || {})) {
      const place = all('[data-image]').find((one) => one.dataset.image === key);
      if (!place) continue;
      place.querySelector('img').src = url;
    }
    if (sent && answer.n === sent.n) { clearTimeout(again); sent = null; }
    post();
  };

  document.addEventListener('input', (event) => {
    const area = event.target.closest('textarea[data-caption-field]');
    if (area) tell(area, isDirty(area) ? area.closest('.rw-captions').dataset.unsaved : '');
  });
  document.addEventListener('focusout', (event) => {
    if (event.target.matches('textarea[data-caption-field]')) save(event.target);
  });
  document.addEventListener('keydown', (event) => {
    const area = event.target.closest('textarea[data-caption-field]');
    if (!area || event.isComposing) return;
    if (event.key === 'Escape') {
      area.value = area.defaultValue;
      tell(area, '');
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save(area);
      const next = fields()[fields().indexOf(area) + 1];
      const page = document.querySelector('.rw-pager .is-next:not(:disabled)');
      if (next) next.focus();
      else if (page) { toFirst = fields()[0].dataset.captionField; page.click(); }
      else area.blur();
    }
  });
  document.addEventListener('click', (event) => {
    const chosen = event.target.closest('[data-captions-do]');
    if (chosen) send({do: chosen.dataset.captionsDo, value: chosen.dataset.value});
  });
  window.addEventListener('beforeunload', (event) => {
    const isSaving = [sent, ...waiting].some((message) => message && message.do === 'save');
    if (isSaving || unsaved.size || fields().some(isDirty)) event.preventDefault();
  });

  // Small images that are not made yet are asked for once their places are drawn.
  const look = perFrame(() => {
    const empty = all('[data-image-wanted]');
    const keys = empty.map((image) => image.dataset.imageWanted);
    for (const image of empty) delete image.dataset.imageWanted;
    if (keys.length) put('captions-wanted', keys);
    const first = fields()[0];
    if (toFirst && first && first.dataset.captionField !== toFirst) { toFirst = null; first.focus(); }
  });
  new MutationObserver(() => {
    fields().forEach(settle);
    look();
  }).observe(document, {childList: true, subtree: true, characterData: true, attributeFilter: ['data-caption-field']});
})();
