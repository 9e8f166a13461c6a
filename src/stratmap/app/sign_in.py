"""The page on which people sign in: nothing but what to say comes in, a page without scripts goes out."""

from __future__ import annotations

from stratmap.app.render.text import text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1b2531;--soft:#526070;--ground:#f5f6f8;--card:#fff;--line:#8994a3;--blue:#1c559c;
--bad:#9b1c1c;--bad-bg:#fdeaea}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#a9b4c1;--ground:#11161c;--card:#1a2129;--line:#66727f;
--blue:#2f6db8;--bad:#ffb0b0;--bad-bg:#431d1d}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);
color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif}
main{width:min(92vw,23rem);background:var(--card);border:1px solid var(--line);border-radius:10px;padding:28px}
h1{font-size:22px;margin:0}p{margin:2px 0 18px;color:var(--soft);font-size:14px}label{display:block;margin:0 0 14px;
font-size:14px}input{display:block;width:100%;margin-top:4px;padding:9px 11px;font:inherit;color:inherit;
background:transparent;border:1px solid var(--line);border-radius:6px}button{width:100%;padding:10px;font:inherit;
font-weight:600;color:#fff;background:var(--blue);border:0;border-radius:6px;cursor:pointer}
:focus-visible{outline:3px solid var(--blue);outline-offset:2px}
p.problem{color:var(--bad);background:var(--bad-bg);padding:8px 12px;border-radius:6px}
"""


def page(problem: str = "") -> bytes:
    """The whole page; `problem` says what was wrong with the last attempt."""
    said = f'<p class="problem" role="alert">{text(problem)}</p>' if problem else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in to stratmap</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        "<body><main>"
        f'<h1>stratmap</h1><p>Sign in to read and ask.</p>{said}<form method="post" action="sign-in">'
        '<label>Name<input name="name" autocomplete="username" required autofocus maxlength="64"></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required '
        'maxlength="256"></label><button type="submit">Sign in</button></form></main></body></html>'
    ).encode()
