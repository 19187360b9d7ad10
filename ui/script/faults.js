// No request of the page fails without a sentence: what was not done is told at its head, in its language. Gradio
// shows a bare "Error" for a moment, in English; its own words are taken for what they mean, and hidden.
(() => {
  'use strict';
  const {make, button, words, drawn} = window.rwPage;
  const QUIET = ['/live', '/gradio_api/heartbeat'];  // asked all the time; script/live.js tells when nothing comes
  const KINDS = {401: 'login', 403: 'login', 404: 'old', 405: 'old', 410: 'old', 413: 'large', 421: 'old', 422: 'old', 429: 'busy', 503: 'busy'};
  const GRADIOS = [
    [/exceed the maximum allowed size[^:]*:(.*)/s, 'large'],
    [/currently busy|queue is full|too many/i, 'busy'],
    [/connection|network|failed to fetch|could not parse server response/i, 'network'],
    [/session not found/i, 'old'],
  ];
  const AGAIN = 2000, BROKEN = 'rareword-broken';
  let shown = null, toldAt = 0, quietAt = 0, isLeaving = false;
  const asked = new Set();  // what a failure is shown of; when it is done after all, the failure is over

  function close() {
    shown?.remove();
    shown = null;
    asked.clear();
    sessionStorage.removeItem(BROKEN);
  }

  // kind: of the sentence. text: a sentence of ours that says it better. detail: what else is known.
  function tell(kind, text = '', detail = '') {
    close();
    const word = words();
    const said = make('p', {textContent: text || word[kind]});
    if (detail.trim()) said.append(make('small', {textContent: detail.trim().slice(0, 300)}));
    shown = make('div', {className: 'rw-fault', role: 'alert'}, said, button('×', close, '', word.close));
    shown.dataset.fault = kind;
    document.body.append(shown);
    toldAt = Date.now();
    if (kind === 'network') sessionStorage.setItem(BROKEN, 'yes');
  }

  // A sentence of ours inside HTML that came as an error; "" for what is Gradio's own.
  const ours = (html) => {
    const inside = new DOMParser().parseFromString(String(html ?? ''), 'text/html').querySelector('.rw-told');
    return inside ? inside.textContent : '';
  };

  async function failed(answer) {
    const kind = KINDS[answer.status] ?? 'inside';
    const found = await answer.clone().json().catch(() => ({}));
    const refused = found.error && found.error === found.detail ? found.error : '';  // by ui/serve/asgi.py
    tell(kind, ours(found.error) || refused);
  }

  const name = (request, options) => {
    const url = new URL(request.url ?? request, location.href);
    const number = /"fn_index": ?(\d+)/.exec(typeof options?.body === 'string' ? options.body : '')?.[1] ?? '';
    return url.pathname.replace(/\/[0-9a-z]+$/, '') + number;
  };
  const send = window.fetch.bind(window);
  window.fetch = async (request, options) => {
    const url = new URL(request.url ?? request, location.href);
    const isByItself = typeof options?.body === 'string' && options.body.includes('"by":"rw-news"');
    const isQuiet = isByItself || url.origin !== location.origin || QUIET.some((path) => url.pathname.includes(path));
    try {
      const answer = await send(request, options);
      if (answer.ok && asked.has(name(request, options))) close();
      if (!answer.ok && !isQuiet) {
        await failed(answer);
        asked.add(name(request, options));
      }
      return answer;
    } catch (error) {
      if (isByItself) quietAt = Date.now();  // nobody's action: script/live.js tells that the program is gone
      if (!isQuiet && !isLeaving && error.name !== 'AbortError') {
        tell('network');
        asked.add(name(request, options));
      }
      throw error;
    }
  };

  function toasted(toast) {
    for (const message of toast.querySelectorAll('[data-testid="toast-text"]')) {
      if (message.dataset.faultSeen) continue;
      message.dataset.faultSeen = 'yes';
      const mine = ours(message.innerHTML);
      if (mine) { tell('inside', mine); continue; }
      if (Date.now() - Math.max(shown ? toldAt : 0, quietAt) < AGAIN) continue;  // the same failure, as Gradio puts it
      const text = message.textContent;
      const [pattern, kind] = GRADIOS.find(([words]) => words.test(text)) ?? [null, 'inside'];
      tell(kind, '', kind === 'large' ? pattern.exec(text)[1] : '');
    }
  }
  drawn(() => document.querySelectorAll('.toast-body.error').forEach(toasted));
  window.addEventListener('error', (event) => { if (event.error) tell('page'); });
  window.addEventListener('pagehide', () => { isLeaving = true; });
  window.addEventListener('beforeunload', () => { isLeaving = true; setTimeout(() => { isLeaving = false; }, AGAIN); });

  // Gradio loads the page anew as soon as a program that was lost is back: what was said is said once more.
  const opened = () => { if (sessionStorage.getItem(BROKEN)) tell('again'); };
  if (document.body) opened(); else document.addEventListener('DOMContentLoaded', opened);

  // What was said once at the opening of the page can be put away.
  document.addEventListener('click', (event) => {
    event.target.closest?.('[data-dismiss]')?.closest('[role=alert]')?.remove();
  });
})();
