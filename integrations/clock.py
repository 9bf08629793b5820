"""The only now()."""

from datetime import UTC, datetime

from campaigns.errors import NotConfigured
from integrations import settings


def now() -> datetime:
    """Return this moment in UTC, or the moment at which the office's settings have stopped the clock."""
    try:
        fixed = settings.load().fixed_clock
    except NotConfigured:
        fixed = None
    return fixed.astimezone(UTC) if fixed else datetime.now(UTC)
