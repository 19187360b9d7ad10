// A rare word that is offered is put into the field of the identifier.
document.addEventListener('click', (event) => {
  const chosen = event.target.closest?.('button[data-identifier]');
  const field = document.querySelector('#make-identifier input, #make-identifier textarea');
  if (!chosen || !field) return;
  field.value = chosen.dataset.identifier;
  field.dispatchEvent(new Event('input', {bubbles: true}));
});
