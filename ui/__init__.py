"""The window: a Gradio page over the core; it never imports torch."""

from ui.fast_gradio_import import lighten_gradio

lighten_gradio()
