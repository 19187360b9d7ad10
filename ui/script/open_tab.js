// The open tab stands in the address: a reload shows it again, and Back leads to the tab before, not off the page.
(() => {
  'use strict';
  const OF = /^tab-(\w+)-button$/;
  const named = () => /^#(\w+)$/.exec(location.hash)?.[1];
  const tab = (name) => document.getElementById(`tab-${name}-button`);
  let isFollowing = false;

  function follow(name) {
    const wanted = tab(name);
    if (!wanted || wanted.getAttribute('aria-selected') === 'true') return;
    isFollowing = true;
    wanted.click();
    isFollowing = false;
  }
  document.addEventListener('click', (event) => {
    const name = OF.exec(event.target.closest?.('#tabs [role=tab]')?.id ?? '')?.[1];
    if (!name || isFollowing || name === (named() ?? 'dataset')) return;
    history.pushState(null, '', `#${name}`);
  });
  window.addEventListener('popstate', () => {
    if (!location.hash) follow('dataset');
    else if (tab(named())) follow(named());  // another place of the page is no tab
  });
  document.addEventListener('rw-shown', () => { if (named()) follow(named()); }, {once: true});
})();
