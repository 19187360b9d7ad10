// Files on their way to the window: in pieces, three files at a time, each piece tried again while the line is
// broken; what is there already of the same file (name, size, time of change) is not sent again. The list shows
// small images, counts and a bar; the keys of what has come are written into the field that the server listens to.
(() => {
  'use strict';
  const PIECE = 4 << 20, AT_ONCE = 3, PAUSES = [500, 1000, 2000, 4000, 8000, 15000, 30000], SHOWN = 60;
  const KINDS = ['images', 'captions', 'zips', 'others', 'empty'];  // the last two are not sent
  let files = [];  // {file, name, kind, state: waiting|sending|done|failed|left, came, key, why, url}
  let under = 0, isTold = '';
  const zone = () => document.querySelector('.rw-zone');
  const words = () => JSON.parse(zone().dataset.zoneWords);
  const {make, button, fieldOf, put, drawn} = window.rwPage;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const mega = (bytes) => (bytes / 2 ** 20).toLocaleString(document.documentElement.lang, {maximumFractionDigits: 1});

  const endOf = (name) => (/\.[^.]+$/.exec(name.toLowerCase()) || [''])[0];
  function kindOf(name) {
    const end = endOf(name), {endings, images} = zone().dataset;
    const field = document.querySelector('#opt-dataset-caption-extension input');
    const own = field && field.value ? `.${field.value.toLowerCase().replace(/^\./, '')}` : '.caption';
    if (JSON.parse(images).includes(end)) return 'images';
    if (end === '.zip') return 'zips';
    return JSON.parse(endings).includes(end) || end === own ? 'captions' : 'others';
  }

  // One request; the answer's status and JSON, status 0 where none comes.
  const request = (one, offset, piece) => new Promise((is) => {
    const call = new XMLHttpRequest();
    const about = {name: one.name, size: one.file.size, changed: one.file.lastModified};
    const query = new URLSearchParams(offset === null ? about : {...about, offset});
    call.open('POST', `send?${query}`);
    call.timeout = 120000;
    call.upload.addEventListener('progress', (event) => {
      if (offset !== null) { one.came = offset + Math.min(event.loaded, piece.size); later(); }
    });
    call.addEventListener('loadend', () => {
      let said = {};
      try { said = JSON.parse(call.responseText); } catch { /* of a proxy, or nothing */ }
      is([call.status, said]);
    });
    call.send(piece ?? null);
  });
  const pause = (time) => new Promise((is) => {
    const timer = setTimeout(is, time);
    window.addEventListener('online', () => { clearTimeout(timer); is(); }, {once: true});
  });

  async function sendOne(one) {
    let offset = one.file.size > PIECE ? null : 0, tries = 0;
    while (files.includes(one)) {
      const piece = offset === null ? null : one.file.slice(offset, offset + PIECE);
      const [status, said] = await request(one, offset, piece);
      if (status === 200 && said.offset !== undefined) {
        if (offset === null && said.offset > 0) one.isResumed = true;
        tries = 0;
        offset = one.came = said.offset;
        if (offset >= one.file.size) { one.key = said.key; return ''; }
      } else if (status === 409 && said.offset !== undefined && tries < PAUSES.length) {
        offset = one.came = said.offset;
        tries += 1;
      } else if ((status === 0 || status >= 500) && tries < PAUSES.length) {
        one.isWaiting = true;
        later();
        await pause(PAUSES[tries]);
        tries += 1;
        offset = null;  // how much has come is asked for
        one.isWaiting = false;
      } else {
        return said.error ? plain(said.error) : words().lost;
      }
    }
    return '';
  }
  const plain = (html) => new DOMParser().parseFromString(String(html), 'text/html').body.textContent;

  async function go() {
    while (under < AT_ONCE) {
      const one = files.find(({state}) => state === 'waiting');
      if (!one) break;
      one.state = 'sending';
      under += 1;
      sendOne(one).then((why) => {
        one.state = why || !one.key ? 'failed' : 'done';
        one.why = why;
        under -= 1;
        later();
        go();
      });
    }
    later();
    if (!under) tell();
  }
  // Told at once when all have come, not file by file: the server looks at the whole list each time.
  function tell() {
    const field = fieldOf('make-sent');
    const text = files.length ? JSON.stringify(files.filter(({key}) => key).map(({key}) => key)) : '';
    if (!field || text === isTold) return;
    isTold = text;
    put(field, text);
  }
  window.rwSent = (text) => { if (!text && files.length && !under && isTold) forget(); };
  function forget() {
    files.forEach(({url}) => url && URL.revokeObjectURL(url));
    files = [];
    isTold = '';
    draw();
  }
  window.rwSend = (found, isFolder) => {
    const known = new Set(files.map(({name, file}) => `${name}|${file.size}|${file.lastModified}`));
    for (const {file, names} of found) {
      const name = names.join(zone().dataset.slash);
      const kind = kindOf(name), mark = `${name}|${file.size}|${file.lastModified}`;
      if (known.has(mark) || (isFolder && kind === 'others')) continue;
      const isEmpty = file.size === 0 && kind !== 'others';
      known.add(mark);
      const url = kind === 'images' && !isEmpty && files.length < SHOWN ? URL.createObjectURL(file) : '';
      const state = isEmpty || kind === 'others' ? 'left' : 'waiting';
      files.push({file, name, kind: isEmpty ? 'empty' : kind, url, came: 0, state, why: ''});
    }
    go();
  };

  let isDue = false;
  function later() {
    if (isDue) return;
    isDue = true;
    setTimeout(() => { isDue = false; draw(); }, 120);
  }
  function draw() {
    if (!zone()) return;
    const list = zone().querySelector('[data-sent-list]'), said = words();
    zone().classList.toggle('is-filled', files.length > 0);
    zone().querySelector('[data-forget]').hidden = !files.length;
    if (!files.length) { if (list.childElementCount) list.replaceChildren(); return; }
    const shown = files.slice(0, SHOWN).filter(({kind}) => kind === 'images');
    const counts = KINDS.map((kind) => [kind, files.filter((one) => one.kind === kind).length])
      .filter(([, n]) => n).map(([kind, n]) => (said[kind].split('|')[n === 1 ? 0 : 1] ?? said[kind]).replace('#', n));
    const sends = files.filter(({state}) => state !== 'left');
    const came = sends.reduce((sum, {came: here}) => sum + here, 0);
    const total = sends.reduce((sum, {file}) => sum + file.size, 0);
    const done = sends.filter(({state}) => state === 'done').length;
    const failed = sends.filter(({state}) => state === 'failed');
    const isOver = sends.every(({state}) => state === 'done' || state === 'failed');
    const facts = {done, of: sends.length, came: mega(came), total: mega(total)};
    let parts = list.rwParts;
    if (!parts || parts.thumbs.parentElement !== list) {
      const bar = make('div', {className: 'rw-bar', role: 'progressbar'}, make('i'));
      const thumbs = make('div', {className: 'rw-zone-thumbs'}), line = make('p', {role: 'status'});
      parts = list.rwParts = {thumbs, line, bar, wrong: make('div')};
      list.replaceChildren(parts.line, parts.bar, parts.wrong, parts.thumbs);
    }
    const waiting = sends.some((one) => one.isWaiting) ? ` · ${said.waiting}` : '';
    const text = counts.join(document.documentElement.lang === 'en' ? ', ' : '、') +
      (sends.length ? ` · ${fill(isOver && !failed.length ? said.done : said.progress, facts)}` : '') +
      (sends.some((one) => one.isResumed) && !isOver ? ` · ${said.resumed}` : '') + waiting;
    if (parts.line.textContent !== text) parts.line.textContent = text;
    parts.bar.hidden = isOver;
    const share = total ? Math.round(100 * came / total) : 100;
    parts.bar.setAttribute('aria-valuenow', share);
    parts.bar.firstElementChild.style.width = `${share}%`;
    parts.wrong.replaceChildren(...(failed.length && isOver ? [wrong(failed, said)] : []));
    const now = [...parts.thumbs.children].filter((one) => one.dataset.sentName).map((one) => one.dataset.sentName);
    if (now.join('\n') !== shown.map(({name}) => name).join('\n')) {
      const more = files.length - shown.length - files.filter(({kind}) => kind !== 'images').length;
      parts.thumbs.replaceChildren(...shown.map(thumb), ...(more > 0 ? [make('em', {textContent: fill(said.more, {n: more})})] : []));
    }
    for (const one of parts.thumbs.children) {
      const file = files.find(({name}) => name === one.dataset.sentName);
      if (file) one.className = `is-${file.state}`;
    }
  }
  function thumb(one) {
    const bare = one.name.split(zone().dataset.slash).pop();
    const image = make('img', {src: one.url, alt: bare, loading: 'lazy', title: bare});
    // What the browser can't draw, such as a broken file, is shown by its name.
    image.addEventListener('error', () => image.replaceWith(make('small', {textContent: bare, title: bare})), {once: true});
    const remove = button('×', () => {
      files = files.filter((other) => other !== one);
      if (one.url) URL.revokeObjectURL(one.url);
      draw();
      if (!under) tell();
    }, '', `${words().remove}: ${bare}`);
    const figure = make('figure', {}, image, remove);
    figure.dataset.sentName = one.name;
    return figure;
  }
  function wrong(failed, said) {
    const names = failed.slice(0, 3).map(({name}) => name.split(zone().dataset.slash).pop()).join(', ');
    const again = button(said.again, () => {
      failed.forEach((one) => { one.state = 'waiting'; });
      go();
    });
    return make('p', {className: 'rw-note is-warn'}, `${names}: ${failed[0].why || said.lost} `, again);
  }
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-forget]')) return;
    forget();
    put(fieldOf('make-sent'), '');
    document.querySelector('.rw-zone-buttons button').focus();
  });
  // Drawn anew in another language: the list is put back.
  drawn(() => {
    const list = zone()?.querySelector('[data-sent-list]');
    if (list && files.length && !list.childElementCount) draw();
  });
  window.addEventListener('beforeunload', (event) => { if (under) event.preventDefault(); });
})();
