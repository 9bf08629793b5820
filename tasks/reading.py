"""Reading the workbooks that wait before they are checked one after another: many side by side, on as many machines as there are.

What was read waits under its file's SHA-256. A file reads the same whoever reads it, so what becomes of it is the same; what was
not read ahead is read at its check.
"""

from collections.abc import Sequence
from contextlib import suppress

from campaigns.records import EnvelopeRecord
from campaigns.submission import Book, Refusal
from integrations.excel.reader import opened, read, read_closed
from integrations.files import write_whole
from integrations.inbox.mime import Mail, Part, parts_of, unpacked
from tasks.office import Office, office
from tasks.parts import kinds_of
from tasks.step import step

FOLDER = "read"
_TOGETHER = 20  # envelopes in one task: Prefect's book-keeping of a task costs as much as reading one of them


def read_ahead() -> int:
    """Return how many envelopes were read ahead: all that wait, when they are too many to be read by the way."""
    with office().ledger() as ledger:
        waiting = ledger.unchecked_envelopes()
    if len(waiting) <= _TOGETHER:
        return 0
    return sum(read_some.each([waiting[at : at + _TOGETHER] for at in range(0, len(waiting), _TOGETHER)]))


@step("读取来件")
def read_some(envelopes: Sequence[EnvelopeRecord]) -> int:
    """Return how many envelopes were read; one that cannot be is left to its check, which tries again and tells."""
    at = office()
    (at.home / FOLDER).mkdir(exist_ok=True)
    for envelope in envelopes:
        with suppress(Exception):
            _read(at, envelope)
    return len(envelopes)


def _read(at: Office, envelope: EnvelopeRecord) -> None:
    mail = mail_of(at, envelope)
    for part, kind in zip(mail.parts, kinds_of(mail.parts), strict=True):
        if kind == "workbook" and not isinstance(answer := read_closed(part.data), Refusal):
            write_whole(at.home / FOLDER / at.keep(part.data), answer)


def mail_of(at: Office, envelope: EnvelopeRecord) -> Mail:
    """Return what an envelope holds: the mail that came, or the file as if it had come by one."""
    data = at.bytes_of(envelope.sha256)
    return parts_of(data) if envelope.door == "mail" else Mail(parts=tuple(unpacked(Part(envelope.name, "", data))))


def book_of(at: Office, digest: str, data: bytes) -> Book | Refusal:
    """Return the cells of a workbook, as they were read ahead or else read now."""
    kept = at.home / FOLDER / digest
    try:
        answer = kept.read_bytes()
    except FileNotFoundError:
        return read(data)
    kept.unlink(missing_ok=True)
    return opened(answer)
