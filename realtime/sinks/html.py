"""What all pages of reports share."""

from __future__ import annotations

from html import escape

from ..overlay import COLOURS

UNSURE_COLOUR = "#8a8a8a"

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin-top:2rem}
section{border-top:1px solid #8884;padding:.5rem 0}
table{border-collapse:collapse}th{font-weight:400;text-align:left}td,th{padding:.1rem .6rem}
.pictures{display:flex;flex-wrap:wrap;gap:.6rem}figure{margin:0;font-size:12px}
figcaption{line-height:1.2}.bar{height:.8rem;border:1px solid #8886;min-width:1px}
.key{display:inline-block;width:.8rem;height:.8rem;margin:0 .3rem 0 .9rem;border:1px solid #8886}
svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:currentColor}
code{overflow-wrap:anywhere}
"""
# No script runs and nothing is loaded, whatever the name of a file may smuggle in.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def document(title: str, body: str) -> str:
    """A whole page.

    Args:
        title: as text.
        body: as HTML.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def colour_of(label: str) -> str:
    """The colour of an expression, as in the annotated video; none for what is unsure."""
    return "#{:02x}{:02x}{:02x}".format(*COLOURS[label]) if label in COLOURS else "transparent"


def legend() -> str:
    """Which colour is which expression."""
    keys = [(name, colour_of(name)) for name in (*COLOURS, "unsure")]
    return (
        "<p>"
        + "".join(
            f'<span class="key" style="background:{colour}"></span>{name}' for name, colour in keys
        )
        + "</p>"
    )


def percent(part: float, whole: float) -> str:
    """A share in words."""
    return f"{part / whole:.1%}" if whole else "0%"
