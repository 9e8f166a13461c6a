"""HTML for the app: records come in, escaped HTML goes out. Pure functions; no Gradio, no desk, no files."""
