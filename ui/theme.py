"""The look: one accent colour, fonts of the system, plain style sheets."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_SHEETS = Path(__file__).with_name("style")
_FRAME = _SHEETS / "frame.css"
STYLES = sorted(
    (path for path in _SHEETS.glob("*.css") if path != _FRAME),
    key=lambda path: (path.name != "page.css", path.name),
)
"""page.css for the whole window first, then a sheet for each part of it; Gradio rewrites them."""
FRAME = f"<style>{_FRAME.read_text(encoding='utf-8')}</style>"
"""The sheet of what is around the page; Gradio leaves it as it is."""
SCRIPTS = "".join(
    f"<script>{path.read_text(encoding='utf-8')}</script>"
    for path in sorted(Path(__file__).with_name("script").glob("*.js"))
)
"""What the page does by itself, without asking the server."""
FAVICON = Path(__file__).with_name("favicon.png")

FONTS = (
    "-apple-system", "BlinkMacSystemFont", "Segoe UI", "Noto Sans", "Noto Sans JP", "Noto Sans CJK JP",
    "Hiragino Sans", "Yu Gothic UI", "Meiryo", "system-ui", "sans-serif",
)  # fmt: skip
MONOSPACE = ("ui-monospace", "Cascadia Mono", "Consolas", "Noto Sans Mono", "monospace")

# From 50, the lightest, to 950.
_ACCENT = gr.themes.Color(
    "#effaf7", "#d6f1ea", "#aee3d6", "#7bcdbd", "#48b09f", "#2a9485",
    "#1d776c", "#1a6058", "#184d48", "#17403c", "#082523", name="pine",
)  # fmt: skip
_NEUTRAL = gr.themes.Color(
    "#fafaf8", "#f4f4f1", "#e7e7e2", "#d3d3cc", "#a2a39b", "#676861",
    "#55564f", "#3f403b", "#272825", "#1b1c1a", "#121311", name="paper",
)  # fmt: skip

_LOOK = {
    "body_background_fill": "*neutral_100",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "*neutral_900",
    "body_text_color_subdued": "*neutral_500",
    "background_fill_primary_dark": "*neutral_900",
    "block_background_fill": "transparent",
    "block_background_fill_dark": "transparent",
    "block_border_width": "0px",
    "block_padding": "0px",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_300",
    "block_label_border_width": "0px",
    "block_label_shadow": "none",
    "block_title_text_color": "*neutral_800",
    "block_title_text_color_dark": "*neutral_100",
    "block_title_text_size": "*text_sm",
    "block_title_text_weight": "600",
    "block_info_text_size": "12.5px",
    "block_info_text_color": "*neutral_500",
    "block_info_text_color_dark": "*neutral_400",
    "border_color_primary": "*neutral_300",
    "input_background_fill": "white",
    "input_background_fill_dark": "*neutral_950",
    "input_background_fill_focus": "white",
    "input_background_fill_focus_dark": "*neutral_950",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "*neutral_700",
    "input_border_color_focus": "*primary_500",
    "input_border_color_focus_dark": "*primary_400",
    "input_border_width": "1px",
    "input_shadow_focus": "0 0 0 3px color-mix(in srgb, *primary_400 25%, transparent)",
    "input_padding": "8px 10px",
    "input_radius": "8px",
    "button_large_radius": "9px",
    "button_medium_radius": "8px",
    "button_small_radius": "7px",
    "button_large_text_weight": "500",
    "button_medium_text_weight": "500",
    "button_large_text_size": "15px",
    "button_medium_text_size": "14px",
    "button_small_text_size": "13px",
    "button_large_padding": "9px 16px",
    "button_medium_padding": "7px 14px",
    "button_small_padding": "4px 10px",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_dark": "*primary_500",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_hover_dark": "*primary_400",
    "button_primary_text_color_dark": "*neutral_950",
    "button_secondary_background_fill": "white",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_background_fill_hover": "*neutral_50",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_700",
    "button_border_width": "1px",
    "button_cancel_background_fill": "white",
    "button_cancel_background_fill_dark": "*neutral_800",
    "button_cancel_background_fill_hover": "#fef3f2",
    "button_cancel_background_fill_hover_dark": "#3a1d1a",
    "button_cancel_text_color": "#b42318",
    "button_cancel_text_color_dark": "#f9a8a0",
    "button_cancel_border_color": "#e7b8b3",
    "button_cancel_border_color_dark": "#6d2f29",
    "checkbox_background_color": "white",
    "checkbox_border_color": "*neutral_400",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_dark": "transparent",
    "checkbox_label_background_fill_hover": "transparent",
    "checkbox_label_background_fill_selected": "transparent",
    "checkbox_label_background_fill_selected_dark": "transparent",
    "checkbox_label_border_width": "0px",
    "checkbox_label_border_width_dark": "0px",
    "checkbox_background_color_dark": "*neutral_950",
    "checkbox_border_color_dark": "*neutral_500",
    "checkbox_label_padding": "3px 6px",
    "checkbox_label_text_weight": "500",
    "checkbox_background_color_selected": "*primary_600",
    "checkbox_background_color_selected_dark": "*primary_500",
    "checkbox_border_color_selected": "*primary_600",
    "layout_gap": "16px",
    "panel_border_width": "0px",
}


def theme() -> gr.themes.Base:
    """Gradio's variables set to ours; no font and no style is fetched from anywhere."""
    base = gr.themes.Base(
        primary_hue=_ACCENT, neutral_hue=_NEUTRAL, font=list(FONTS), font_mono=list(MONOSPACE)
    )
    return base.set(**_LOOK)
