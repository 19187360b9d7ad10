// Copies the lines of a log, oldest first; where the browser's clipboard is not to be had, by an old way.
document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-copy]');
  if (!button) return;
  const lines = [...document.getElementById(button.dataset.copy).querySelectorAll('li')].reverse();
  const text = lines.map((line) => [...line.children].map((part) => part.textContent).join('  ')).join('\n');
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = window.rwPage.make('textarea', {value: text, style: 'position: fixed'});
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  const label = button.textContent;
  if (label === button.dataset.done) return;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = label; }, 1600);
});
