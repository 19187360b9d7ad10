// The title of the tab tells how far a run is; a notice of the browser tells of its end, where that was asked for.
(() => {
  'use strict';
  const {isKept, keep, once} = window.rwPage;
  const KEPT = 'rareword-notify';
  let seen = '';  // the run that was seen under way in this page

  const able = () => 'Notification' in window && window.isSecureContext;
  const isWanted = () => isKept(KEPT);
  const want = (is) => keep(KEPT, is);

  // Which of the button's texts is shown (style/panel.css).
  function show() {
    const asked = able() ? Notification.permission : 'unable';
    document.body.dataset.notices = asked === 'granted' ? (isWanted() ? 'on' : 'ask') : asked === 'default' ? 'ask' : asked;
  }

  async function press() {
    if (!able()) return;
    if (Notification.permission === 'granted') want(!isWanted());
    else {
      document.body.dataset.notices = 'asking';
      want(await Notification.requestPermission() === 'granted');
    }
    show();
  }

  function tell(title, said) {
    if (!able() || Notification.permission !== 'granted' || !isWanted()) return;
    try {
      // One tag for all pages of this window: several of them tell once.
      const notice = new Notification(title, {body: said, tag: 'rareword-' + location.host, icon: 'favicon.ico'});
      notice.addEventListener('click', () => { window.focus(); notice.close(); });
    } catch { /* a phone's browser knows them from service workers only */ }
  }

  function renew(part) {
    const told = part.querySelector('[data-tab]');
    if (!told) return;
    const {tab, tabRun, tabLive, tabSaid} = told.dataset;
    document.title = tab;
    if (tabLive) seen = tabRun;
    else if (seen === tabRun) { seen = ''; tell(tab, tabSaid); }
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest?.('[data-notify]')) press();
  });
  once(() => document.getElementById('run-tab'), (part) => {
    new MutationObserver(() => renew(part)).observe(part, {childList: true, subtree: true});
    renew(part);
    show();
  });
})();
