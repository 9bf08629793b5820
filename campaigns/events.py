"""The event record: what happened, in order, per campaign, each event carrying the hash of the one before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

SCHEMA = 1
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `about` is the id of what it happened to, `command` the id of what caused it."""

    campaign: str
    kind: str
    about: str
    occurred_at: datetime
    actor: str
    command: str
    data: Mapping[str, Any]


def canonical(event: Event, sequence: int, recorded_at: datetime) -> str:
    """Return the one JSON text of an event: sorted keys, no spaces, UTF-8, times in UTC."""
    record = {
        "about": event.about,
        "actor": event.actor,
        "campaign": event.campaign,
        "command": event.command,
        "data": event.data,
        "kind": event.kind,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat(),
        "recorded_at": recorded_at.astimezone(UTC).isoformat(),
        "schema": SCHEMA,
        "sequence": sequence,
    }
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def chain(previous: str, text: str) -> str:
    """Return the hash of an event: SHA-256 over the previous hash and the canonical text."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's one JSON text: what an event carries of a row, so that the row is proved by the chain."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)
