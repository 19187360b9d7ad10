// Leads to a field or card: shows its tab, raises the level where it needs one, and puts the cursor there.
document.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-goto]');
  if (!chosen) return;
  if (chosen.matches('a')) event.preventDefault();  // the address names the tab (open_tab.js)
  // The settings must be in sight (wide.js), and the tool (tools.js).
  document.dispatchEvent(new CustomEvent('rw-goto', {detail: chosen.dataset.goto}));
  const tab = document.getElementById('tab-' + chosen.dataset.gotoTab + '-button');
  if (tab) tab.click();
  const levels = [...document.querySelectorAll('#level input')];
  const now = levels.findIndex((input) => input.checked);
  if (now >= 0 && now < Number(chosen.dataset.gotoLevel)) levels[Number(chosen.dataset.gotoLevel)].click();
  window.rwPage.until(() => {
    const target = document.getElementById(chosen.dataset.goto);
    if (!target?.offsetParent) return false;
    const isTool = target.matches('#tools > *');
    const folded = isTool ? null : target.querySelector('details') ?? target.closest('details');
    if (folded && !folded.open) folded.querySelector('summary').click();  // as a user does, so that it stays so (redrawn.js)
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    target.scrollIntoView({block: isTool ? 'nearest' : 'center', behavior: calm ? 'auto' : 'smooth'});
    target.classList.add('rw-here');
    setTimeout(() => target.classList.remove('rw-here'), 2400);
    const seen = (place) => [...place?.querySelectorAll('input, textarea') ?? []].find((one) => one.offsetParent);
    const field = target.matches('button') ? target :
      seen(target) ?? (target.querySelector('textarea') ? seen(target.closest('.rw-card')) : null) ?? target.querySelector('button[popovertarget]');
    if (field) field.focus({preventScroll: true});
    if (field?.matches('[popovertarget]') && !document.querySelector(':popover-open')) field.click();
    return true;
  });
});
