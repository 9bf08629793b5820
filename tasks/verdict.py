"""What would become of a file if it were sent now: asked of the same reader and the same decision, recorded nowhere."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaigns.errors import LiandongError
from campaigns.findings import Finding, Severity
from campaigns.intake import Issued, Sender, Unissued, decided
from campaigns.letters import Outcome
from campaigns.submission import Refusal
from integrations import clock, settings
from integrations.database.engine import looking
from integrations.database.ledger import Ledger
from integrations.excel.reader import read
from tasks.office import Office
from tasks.workbooks import stands_for

_MOST_BYTES = 32 * 2**20  # more than any file that is taken


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, and everything there is to say about it."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()


def verdict(file: Path) -> Verdict:
    """Return what would become of a workbook its own department sends as it is; the ledger is read, nothing is written."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
    except OSError:
        return _told(Outcome.REFUSED, "no-file", f"找不到或读不到文件“{file}”，请检查路径")
    book, digest = read(data), hashlib.sha256(data).hexdigest()
    told: Issued | Unissued = Unissued.NO_TOKEN
    if not isinstance(book, Refusal):
        try:
            at = Office(settings.load())
            with _ledger(at) as ledger:
                told = stands_for(at, ledger, book, digest, clock.now())
        except (LiandongError, OSError) as error:
            reason = str(error) if isinstance(error, LiandongError) else "读不到本机的办公室数据"
            return _told(Outcome.REFUSED, "no-office", f"文件可以读取，但无法核对是哪一份报表：{reason}")
    found = decided(file.name, digest, book, told, Sender("folder"))
    outcome, findings = found.decision.outcome, found.checked.all_findings if found.checked else ()
    if found.decision.rule:
        severity = Severity.WARNING if outcome is Outcome.DUPLICATE else Severity.BLOCK
        findings = (*findings, Finding(found.decision.rule, severity, found.decision.reason))
    return Verdict(outcome, findings)


@contextmanager
def _ledger(at: Office) -> Iterator[Ledger]:
    with looking(at.settings.url) as session:
        yield Ledger(session, clock.now())


def _told(outcome: Outcome, rule: str, message: str) -> Verdict:
    return Verdict(outcome, (Finding(rule, Severity.BLOCK, message),))
