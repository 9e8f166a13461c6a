"""How the app looks: nothing comes in, the theme, the style sheet and the page's own script go out.

System fonts only. The style sheet and the script are files of the package; neither holds text of a document.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_FOLDER = Path(__file__).parent
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
# name in Gradio: light, dark
_COLOURS = {
    "body_background_fill": ("#f5f6f8", "#11161c"),
    "body_text_color": ("#1b2531", "#e8ecf1"),
    "body_text_color_subdued": ("#526070", "#a9b4c1"),
    "block_background_fill": ("#ffffff", "#1a2129"),
    "block_border_color": ("#d9dee5", "#323c48"),
    "block_label_text_color": ("#3c4959", "#c3ccd7"),
    "block_title_text_color": ("#3c4959", "#c3ccd7"),
    "block_label_background_fill": ("#ffffff", "#1a2129"),
    "block_info_text_color": ("#526070", "#a9b4c1"),
    "input_background_fill": ("#ffffff", "#151b22"),
    "input_border_color": ("#8994a3", "#66727f"),
    "input_placeholder_color": ("#5d6978", "#9aa5b3"),
    "button_primary_background_fill": ("#1c559c", "#2f6db8"),
    "button_primary_background_fill_hover": ("#164680", "#2a62a6"),
    "button_primary_text_color": ("#ffffff", "#ffffff"),
    "button_secondary_background_fill": ("#ffffff", "#232c36"),
    "button_secondary_border_color": ("#b9c2cd", "#4a5664"),
    "button_secondary_text_color": ("#1b2531", "#e8ecf1"),
}


def stylesheet() -> str:
    """The app's style sheet."""
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def behaviour() -> str:
    """The script that every HTML panel runs once: jumps, chips and the copy button, by delegation."""
    return (_FOLDER / "behaviour.js").read_text(encoding="utf-8")


def caption(words: str) -> None:
    """A word or two before a row of buttons; drawn where it is called."""
    gr.HTML(f'<span class="sm-muted">{words}</span>', elem_classes="sm-or", apply_default_css=False)


def panel(elem_id: str | None = None, value: str | None = None) -> gr.HTML:
    """A panel of HTML whose buttons act; drawn where it is called."""
    return gr.HTML(value, elem_id=elem_id, js_on_load=behaviour(), apply_default_css=False)


def theme() -> gr.themes.Base:
    """A quiet Gradio theme in the colours of the style sheet."""
    light = {name: pair[0] for name, pair in _COLOURS.items()}
    colours = light | {f"{name}_dark": pair[1] for name, pair in _COLOURS.items()}
    return gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.slate,
        font=list(_SANS),
        font_mono=list(_MONO),
        radius_size=gr.themes.sizes.radius_md,
    ).set(**colours)
