"""What the office's own mail server found of a sender: Authentication-Results (RFC 8601), believed from that server alone."""

import re
from collections.abc import Sequence

_RESULT = re.compile(r"(?:^|;)\s*(dmarc|spf|dkim)\s*=\s*([a-z]+)", re.IGNORECASE)


def refuted(checks: Sequence[str], server: str) -> str:
    """Return what failed, such as `dmarc=fail`; empty when nothing did, or when no line is by that server.

    DMARC, which looks at the address people see, decides where it passes; else any failure does. Lines under another name
    are anybody's words.
    """
    found: list[tuple[str, str]] = []
    for line in checks:
        told = re.sub(r"\([^()]*\)", " ", line)
        name, _, rest = told.partition(";")
        if server and (name.split() or [""])[0].strip('"').lower() == server.lower():
            found += [(method.lower(), result.lower()) for method, result in _RESULT.findall(f";{rest}")]
    if next((result for method, result in found if method == "dmarc"), "") == "pass":
        return ""
    return "、".join(dict.fromkeys(f"{method}={result}" for method, result in found if result == "fail"))
