"""Pages: the ledger page 台账.html, which opens without a server, and the upload page. No script, no request to anywhere."""

import base64
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from campaigns.ledger_view import LedgerView
from campaigns.plain import printable
from campaigns.upload_view import UploadView

_HERE = Path(__file__).parent


def ledger_page(view: LedgerView) -> str:
    """Return the page as HTML; everything that came from outside is escaped."""
    return _template("ledger.html").render(view=view)


def upload_page(view: UploadView | None, base: str = "", limit: int = 0, problem: str = "", advice: str = "") -> str:
    """Return a department's upload page as HTML; without a view, a page that says nothing but the problem."""
    style = Markup(_style())  # ours, and inside <style> nothing is escaped
    facts = {"view": view, "base": base, "limit": limit, "problem": problem, "advice": advice, "style": style}
    return _template("upload.html").render(facts)


@lru_cache(maxsize=1)
def upload_policy() -> str:
    """Return the Content-Security-Policy of the upload page: its own style, forms to itself, nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@lru_cache(maxsize=1)
def _style() -> str:
    return (_HERE / "upload.css").read_text("utf-8")


@lru_cache(maxsize=2)
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        undefined=StrictUndefined,
        finalize=printable,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["address"] = _address
    return environment.get_template(name)


def _address(path: str) -> str:
    """Return a path as a link has it: bytes of a file name that are not UTF-8 are kept, for that is its name on the disk."""
    return Path(path).as_uri() if path.startswith("/") else quote(os.fsencode(path))
