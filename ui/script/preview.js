// A button of the preview (data-preview-do) writes its name into the hidden field that the server listens to.
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('button[data-preview-do]');
  const field = document.querySelector('#preview-act input, #preview-act textarea');
  if (!button || !field) return;
  field.value = `${button.dataset.previewDo}#${Date.now()}`;
  field.dispatchEvent(new Event('input', {bubbles: true}));
  // Not pressed twice; what is shown then has its own button, unless it is the same.
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, 3000);
});
