// How each tab stands, which comes with the run (script/live.js), is written on the tab itself.
(() => {
  'use strict';
  function write() {
    for (const told of document.querySelectorAll('#run-tabs [data-tab-of]')) {
      const tab = document.getElementById(`tab-${told.dataset.tabOf}-button`);
      if (!tab) continue;  // in a narrow window, in Gradio's menu
      tab.dataset.tabState = told.textContent;
      tab.dataset.tabTone = told.dataset.tabTone;
      tab.title = told.title;
    }
  }
  window.rwPage.once(() => ['run-tabs', 'tabs'].map((id) => document.getElementById(id)), (told, tabs) => {
    new MutationObserver(write).observe(told, {childList: true});
    new MutationObserver(write).observe(tabs, {childList: true, subtree: true, attributeFilter: ['id']});
    write();
  });
})();
