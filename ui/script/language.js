// Gradio's own words, such as where files are dropped, follow the language that is chosen here, not only the browser's:
// told by the function of Gradio's own settings. It leaves as they are what it has drawn before, so that is put right.
(() => {
  'use strict';
  const CODES = {zh: 'zh-CN'};  // Gradio's own code, where it is not ours
  const CORE = /\/assets\/core-[\w-]+\.js$/;
  let now = '';

  async function words(core, lang) {
    const {data} = core.process_langs()[CODES[lang] ?? lang];
    const {upload_text: upload, common} = typeof data === 'function' ? await data() : data;
    return {...upload, or: common.or};
  }

  async function follow(lang) {
    if (lang === now) return;
    // Each language is named in itself, and read out so.
    for (const choice of document.querySelectorAll('#lang input')) choice.closest('label').lang = choice.value;
    const before = now;
    now = lang;
    const loaded = performance.getEntriesByType('resource').find(({name}) => CORE.test(name));
    const core = loaded ? await import(loaded.name) : {};
    if (!core.changeLocale || !core.process_langs) return;  // a later Gradio: its words are the browser's then
    core.changeLocale(CODES[lang] ?? lang);
    const others = before ? [before] : ['en', 'ja', 'zh'].filter((other) => other !== lang);
    const [to, ...drawn] = await Promise.all([lang, ...others].map((name) => words(core, name)));
    for (const place of document.querySelectorAll('[data-testid="upload-text"]')) {
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const text = walker.currentNode;
        const said = text.data.replaceAll('-', '').trim();
        const from = drawn.find((other) => Object.values(other).includes(said));
        const key = from && Object.keys(from).find((name) => from[name] === said);
        if (key && to[key]) text.data = text.data.replace(said, to[key]);
      }
    }
  }
  document.addEventListener('rw-shown', ({detail}) => follow(detail));
})();
