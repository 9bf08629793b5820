"""The ledger page 台账.html: one file that opens in any browser, without a server, a script or a request to anywhere."""

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from campaigns.ledger_view import LedgerView


def ledger_page(view: LedgerView) -> str:
    """Return the page as HTML; everything that came from outside is escaped."""
    return _template().render(view=view)


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["address"] = _address
    return environment.get_template("ledger.html")


def _address(path: str) -> str:
    """Return a path as a link has it: bytes of a file name that are not UTF-8 are kept, for that is its name on the disk."""
    return Path(path).as_uri() if path.startswith("/") else quote(os.fsencode(path))
