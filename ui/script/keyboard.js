// Groups of choices as people know them from other programs: one Tab stop for each, arrow keys within it. Gradio's own
// radio buttons are single ones, and its tabs are a stop each.
(() => {
  'use strict';
  const BACK = ['ArrowLeft', 'ArrowUp'], ON = ['ArrowRight', 'ArrowDown'], ENDS = ['Home', 'End'];
  // A group, its members, the one that is chosen, and whether an arrow chooses or only moves.
  const KINDS = [
    {group: '[role=tablist]', member: '[role=tab]', chosen: '[aria-selected=true]', picks: true},
    {group: '.rw-tool-list', member: 'input', chosen: ':checked', picks: true},
    {group: 'fieldset', member: 'input[type=radio]', chosen: ':checked', picks: true},
    {group: '.rw-words', member: 'button', chosen: '', picks: false},
    {group: '.rw-found', member: 'button', chosen: '', picks: false},
    {group: '.rw-entries', member: 'button', chosen: '', picks: false},
  ];
  const membersOf = (group, {member}) =>
    [...group.querySelectorAll(member)].filter((one) => !one.disabled && one.closest('[hidden]') === null);

  // Told before the browser looks for the next stop: at any time before, members may come, go or be chosen.
  function oneStopEach() {
    for (const kind of KINDS) {
      for (const group of document.querySelectorAll(kind.group)) {
        const members = membersOf(group, kind);
        const at = members.find((one) => one === document.activeElement) ??
          members.find((one) => kind.chosen && one.matches(kind.chosen)) ?? members[0];
        for (const one of members) one.tabIndex = one === at ? 0 : -1;
      }
    }
  }

  function next(members, at, key) {
    if (ENDS.includes(key)) return members[key === 'Home' ? 0 : members.length - 1];
    return members[(at + (ON.includes(key) ? 1 : -1) + members.length) % members.length];
  }

  function move(event) {
    if (![...BACK, ...ON, ...ENDS].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    for (const kind of KINDS) {
      const group = event.target.matches?.(kind.member) && event.target.closest(kind.group);
      if (!group) continue;
      const members = membersOf(group, kind);
      const to = next(members, members.indexOf(event.target), event.key);
      event.preventDefault();
      to.focus();
      if (kind.picks && to !== event.target) to.click();
      return;
    }
  }

  // The search: down to what was found, Enter to the first of it. Escape is script/head.js's.
  function search(event) {
    const found = document.querySelector('.rw-found button');
    if (!found || event.target !== window.rwPage.fieldOf('find')) return;
    if (event.key === 'ArrowDown') { event.preventDefault(); found.focus(); }
    if (event.key === 'Enter') { event.preventDefault(); event.stopPropagation(); found.click(); }
  }

  document.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Tab') oneStopEach();
    else { search(event); move(event); }
  }, true);

  // The first stop of the page leads to the last act.
  document.addEventListener('click', ({target}) => {
    if (!target.closest?.('.rw-skip')) return;
    const main = [...document.querySelectorAll('#run-main-buttons button')].find((one) => one.offsetParent);
    main?.scrollIntoView({block: 'nearest'});
    main?.focus({preventScroll: true});
  });
})();
