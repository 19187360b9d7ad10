"""The window: a Gradio page over the core; it never imports torch."""

from ui.light import lighten_gradio

lighten_gradio()
