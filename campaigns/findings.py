"""What a check has to say: problems of a definition file, findings in a returned workbook."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"  # a definition with one cannot be launched
    BLOCK = "block"  # a submission with one is returned
    WARNING = "warning"  # told, never in the way
    SHADOW = "shadow"  # of a rule on trial: recorded, never shown to the sender
    ASKED = "asked"  # 待填: a person has to say it before the campaign can be launched
    ASSUMPTION = "assumption"  # 拟定: the source does not say it, a person decided it


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a definition: `path` is the key path inside the file; whoever read it adds `file` and `line`."""

    rule: str
    severity: Severity
    path: tuple[str | int, ...]
    message: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding in a workbook: where, what stands there, what was expected, and how to mend it (the message, in Chinese)."""

    rule: str
    severity: Severity
    message: str
    sheet: str = ""
    cell: str = ""
    value: str = ""
    expected: str = ""
    report: str = ""  # the expected report it belongs to; empty when it belongs to the whole file
