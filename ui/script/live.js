// The run as it goes on: asked for once a second, and put where it belongs. Gradio is asked for its own part
// of the panel (buttons, queue, prompts) only when the answer says that there is something new for it.
(() => {
  'use strict';
  const EVERY = 1000, HIDDEN = 5000, PATIENCE = 20000, LOST = 3;
  let timer = 0, missed = 0, columns = 0, isAsking = false, isWanted = false, asked = '', askedAt = 0, at = '';

  const shown = () => document.querySelector('#run-news [data-news]');

  // What was said of settings or of a run that stand otherwise now.
  function date(words) {
    document.querySelectorAll('[data-dated]').forEach((said) => {
      const [subject, word] = said.dataset.dated.split(' ');
      said.classList.toggle('is-over', words[subject] !== word);
    });
  }

  function put({news, dated, parts, others, taken, tools}) {
    date(dated);
    document.dispatchEvent(new CustomEvent('rw-others', {detail: {others, taken}}));
    for (const [name, [word, html]] of Object.entries(parts)) {
      const part = document.querySelector(`[data-live="${name}"]`);
      if (!part) continue;
      part.innerHTML = html;
      part.dataset.liveVersion = word;
    }
    // A tool that the queue has begun or that has ended: its card shows it as if its own button had been pressed.
    if (at !== tools && at && document.getElementById('tools')?.offsetParent) document.getElementById('tools-follow').click();
    at = tools;
    const told = shown();
    if (!told || told.dataset.news === news) return;
    // Once for each news; again after a while, for an answer that got lost.
    if (asked === news && Date.now() - askedAt < 5 * EVERY) return;
    [asked, askedAt] = [news, Date.now()];
    told.dispatchEvent(new CustomEvent('rw-news', {bubbles: true}));
    // The lists of runs and results, when the Tools tab is looked at; a model that was not there before.
    if (document.getElementById('tools')?.offsetParent) document.getElementById('runs-refresh').click();
    if (document.querySelector('[data-for-now]')) document.getElementById('paths-refresh')?.click();
  }

  async function ask() {
    clearTimeout(timer);
    isWanted = isAsking;  // one question at a time; what was wished for meanwhile comes right after it
    if (isAsking) return;
    isAsking = true;
    const about = new URLSearchParams({lang: document.documentElement.lang || shown().dataset.lang});
    document.dispatchEvent(new CustomEvent('rw-asking', {detail: about}));  // script/typed.js says which page this is
    if (columns) about.set('columns', columns);
    document.querySelectorAll('[data-live]').forEach((part) => {
      if (part.dataset.liveVersion) about.set(part.dataset.live, part.dataset.liveVersion);
    });
    try {
      const answer = await fetch(`live?${about}`, {signal: AbortSignal.timeout(PATIENCE)});
      if (!answer.ok) throw new Error(answer.statusText);
      put(await answer.json());
      missed = 0;
    } catch {
      missed += 1;
    }
    document.body.classList.toggle('is-lost', missed >= LOST);
    isAsking = false;
    timer = setTimeout(ask, isWanted ? 0 : document.hidden ? HIDDEN : EVERY);
  }

  // Another language is asked for when it is chosen, not when Gradio has put the rest of the page into it.
  document.addEventListener('rw-shown', () => { if (shown()) ask(); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden && shown()) ask(); });
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-older]');
    if (!button) return;
    columns = Number(button.dataset.older);
    ask();
  });
  window.rwPage.once(shown, () => {
    // What a button did, or another language, is seen at once.
    new MutationObserver(ask).observe(document.getElementById('run-news'), {childList: true, subtree: true});
    ask();
  });
})();
