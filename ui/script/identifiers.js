// A rare word that is offered is put into the field of the identifier.
document.addEventListener('click', (event) => {
  const chosen = event.target.closest?.('button[data-identifier]');
  const field = chosen && window.rwPage.fieldOf('make-identifier');
  if (field) window.rwPage.put(field, chosen.dataset.identifier);
});
