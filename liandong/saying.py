"""What commands say: a line, a document for programs to read, and the moment they speak of."""

import json
import sys
from datetime import datetime
from typing import Any


def say(text: str) -> None:
    """Write a line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_json(document: Any) -> None:
    """Write a document as JSON."""
    say(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def moment(as_of: datetime | None) -> datetime:
    """Return the moment that was given, else the present one."""
    from integrations import clock

    return as_of or clock.now()
