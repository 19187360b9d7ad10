// Gradio's own words, such as where files are dropped, follow the language that is chosen here, not only the browser's:
// told by the function of Gradio's own settings. It leaves as they are what it has drawn before, so that is put right.
(() => {
  'use strict';
  const CORE = /\/assets\/core-[\w-]+\.js$/;
  let now = '';

  async function words(core, lang) {
    const {data} = core.process_langs()[lang];
    const {upload_text: upload, common} = typeof data === 'function' ? await data() : data;
    return {...upload, or: common.or};
  }

  async function follow(lang) {
    if (lang === now) return;
    now = lang;
    const loaded = performance.getEntriesByType('resource').find(({name}) => CORE.test(name));
    const core = loaded ? await import(loaded.name) : {};
    if (!core.changeLocale || !core.process_langs) return;  // a later Gradio: its words are the browser's then
    core.changeLocale(lang);
    const [from, to] = await Promise.all([words(core, lang === 'ja' ? 'en' : 'ja'), words(core, lang)]);
    for (const place of document.querySelectorAll('[data-testid="upload-text"]')) {
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const text = walker.currentNode;
        const key = Object.keys(from).find((name) => text.data.replaceAll('-', '').trim() === from[name]);
        if (key && to[key]) text.data = text.data.replace(from[key], to[key]);
      }
    }
  }
  document.addEventListener('rw-shown', ({detail}) => follow(detail));
})();
