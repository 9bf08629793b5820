"""A real SMTP server in a process of its own that writes down every letter it takes: recipient, Message-ID, hash of the bytes."""

import hashlib
import json
import sys
import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Journal:
    """Takes every letter and writes a line for it before the sender is told that it was taken."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Return the answer to a letter."""
        mail = message_from_bytes(envelope.content, policy=default)
        line = {
            "to": envelope.rcpt_tos,
            "message_id": mail["Message-ID"],
            "sha256": hashlib.sha256(envelope.content).hexdigest(),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return "250 OK"


def letters(journal: Path) -> list[dict[str, Any]]:
    """Return the letters a server has written down, in their order; none before it took its first."""
    return [json.loads(line) for line in journal.read_text("utf-8").splitlines()] if journal.exists() else []


if __name__ == "__main__":
    controller = Controller(Journal(Path(sys.argv[2])), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    while True:
        time.sleep(3600)
