// A button of the preview (data-act) writes its name into the hidden field that the server listens to.
document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act]');
  const field = document.querySelector('#preview-act input, #preview-act textarea');
  if (!button || !field) return;
  field.value = `${button.dataset.act}#${Date.now()}`;
  field.dispatchEvent(new Event('input', {bubbles: true}));
  button.disabled = true;
});
