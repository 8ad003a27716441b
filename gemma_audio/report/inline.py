"""What makes one file of the page: its style and script, their hashes for the Content-Security-Policy, and JSON within HTML."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

from markupsafe import Markup

ESCAPED = {ord(ch): f"\\u{ord(ch):04x}" for ch in "<>&\u2028\u2029"}


def asset(name: str) -> Markup:
    """A file of the templates folder, to be set into the page as it is."""
    return Markup((files("gemma_audio.report") / "templates" / name).read_text(encoding="utf-8"))


def policy(style: str, script: str, embed: bool) -> str:
    """The page's Content-Security-Policy: this style, this script, pictures as data, and clips beside the page or within it."""
    clips = "data:" if embed else "'self' file:"
    parts = ["default-src 'none'", f"script-src {_digest(script)}", f"style-src {_digest(style)}", "img-src data:"]
    return "; ".join([*parts, f"media-src {clips}", "base-uri 'none'", "form-action 'none'"])


def data_block(value: Any) -> Markup:
    """JSON that no text within can end or open: the characters that mean something to HTML or to a script's lines are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(ESCAPED).encode("utf-8", "replace").decode())


def data_url(svg: str) -> str:
    """A picture as a data: URL, for <img>, where no script runs."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
