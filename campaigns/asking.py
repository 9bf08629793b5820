"""A request for more time in a department's own words: until when, and why."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_DAY = r"(?P<year>20\d\d)\s*[-年./]\s*(?P<month>\d{1,2})\s*[-月./]\s*(?P<day>\d{1,2})\s*日?"
_ASKED = re.compile(rf"申请(?:延期|延长)(?:报送)?(?:至|到)\s*{_DAY}(?P<rest>[^\n]*)")
_REASON = re.compile(r"^[\s,;。]*(?:(?:申请)?(?:理由|原因)(?:是|为)?[:\s]*)?")
_QUOTED = re.compile(r"^\s*(?:-{2,}\s*(?:原始邮件|转发邮件|original message)|发件人:|from:|.*(?:写道|wrote):\s*$)", re.IGNORECASE)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a day, and the reason as it was given, empty when none was."""

    until: date
    reason: str


def asked(subject: str, text: str) -> Asked | None:
    """Return the extension that a mail asks for, in its subject or in its own lines; None when it asks for none.

    What it quotes of another mail is not its own. A date without its year is not guessed.
    """
    for words in _own(subject, text):
        found = _ASKED.search(words)
        if found and (until := _date(found)):
            return Asked(until, _REASON.sub("", found["rest"]).strip()[:_LONGEST])
    return None


def speaks_of_time(subject: str, text: str) -> bool:
    """Return whether a mail speaks of more time in its own words, whether or not it says until when."""
    return any(re.search("延期|延长|宽限|推迟", words) for words in _own(subject, text))


def _own(subject: str, text: str) -> tuple[str, str]:
    """Return what a mail says itself: its lines without those it quotes, and its subject."""
    lines: list[str] = []
    for line in unicodedata.normalize("NFKC", text).splitlines():
        if _QUOTED.match(line):
            break
        if not line.lstrip().startswith(">"):
            lines.append(line)
    return "\n".join(lines), unicodedata.normalize("NFKC", subject)


def day(text: str) -> date | None:
    """Return the day that somebody wrote, as `2026-12-10` or `2026年12月10日`; None when it is none."""
    found = re.fullmatch(_DAY, unicodedata.normalize("NFKC", text).strip())
    return _date(found) if found else None


def _date(found: re.Match[str]) -> date | None:
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
