"""The page's envelope: style and script inlined and named by their hashes in the policy, data packed beside them."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from typing import Any

from harness.history import canonical_json
from harness.render.templates import environment, reports_folder


def fingerprint(text: str) -> str:
    """Return the source expression by which a content security policy knows an inline block."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(style: str, script: str) -> str:
    """Return the content security policy: nothing but this style and script, and no network at all."""
    rules = {
        "default-src": "'none'",
        "script-src": fingerprint(script) if script else "'none'",
        "style-src": fingerprint(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def packed(data: Any) -> str:
    """Return plain data as base64 of gzip of JSON: small, the same every time, and inert inside HTML."""
    return base64.b64encode(gzip.compress(canonical_json(data), compresslevel=9, mtime=0)).decode()


def page(name: str, context: Mapping[str, Any]) -> str:
    """Return the whole HTML file: a template, with the style that all pages share, its own, and its script if any."""
    style = "".join(_text(one) for one in dict.fromkeys(("report.css", f"{name}.css")))
    script = _text(f"{name}.js")
    template = environment().get_template(f"{name}.html.j2")
    return template.render(**context, policy=policy(style, script), style=style, script=script)


def _text(name: str) -> str:
    path = reports_folder() / name
    return path.read_text(encoding="utf-8") if path.exists() else ""
