// Gradio's list of choices opens anew at every key pressed in its field, Tab too, and after the field was left.
window.addEventListener('keydown', (event) => {
  if (event.key === 'Tab' && event.target.matches?.('[role=combobox]')) event.stopPropagation();
}, true);
