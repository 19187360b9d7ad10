// Gradio tells of typing when a key is pressed, so not of what is pasted, deleted, composed (Japanese) or
// typed on a phone. Every change of a text field is made a key press here; one more is no harm.
document.addEventListener('input', (event) => {
  if (event.target.matches('[data-testid="textbox"]'))
    event.target.dispatchEvent(new KeyboardEvent('keypress', {bubbles: true}));
});
