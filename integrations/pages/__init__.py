"""The ledger page 台账.html: one file that opens in any browser, without a server, a script or a request to anywhere."""

from functools import lru_cache
from pathlib import Path

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
    return environment.get_template("ledger.html")
