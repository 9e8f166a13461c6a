"""The web app: a desk (everything stratmap can do) comes in, a page in the browser goes out.

Light on purpose: Gradio is imported by `build` and `serve` only. Each tab is a module over plain functions;
all HTML is made in `render`. Nothing here reads, encodes, tags or answers by itself.
"""
