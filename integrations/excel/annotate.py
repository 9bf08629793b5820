"""A returned workbook + findings -> the sender's own copy with every fault marked in it."""

from collections.abc import Sequence

from campaigns.findings import Finding
from campaigns.submission import Refusal
from integrations.excel.annotated import list_only
from integrations.excel.guard import guard
from integrations.excel.reader import in_child
from integrations.excel.wire import copy_order


def annotate(data: bytes, findings: Sequence[Finding], issued: bytes = b"") -> bytes:
    """Return the sender's workbook as .xlsx: faulty cells coloured and commented, and a sheet 错误清单 in front.

    What came as .xls or .ods is written into `issued`, the form as it was sent, so that its formulas and formats are there.
    The file is opened in a disposable child process; when it cannot be opened at all, the list alone is returned.
    """
    if isinstance(guard(data), Refusal):
        return list_only(findings)
    copy = in_child("annotate", copy_order(findings, issued, data))
    return list_only(findings) if isinstance(copy, Refusal) else copy
