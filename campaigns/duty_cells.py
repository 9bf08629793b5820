"""What the cells of a duty table say: who in which role, and until when. Nothing ambiguous becomes a date or a role."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from campaigns.definition import day_of

OPEN = "待定"
_GOES_ON = ("长期", "持续", "常态", "全年", "贯穿")
_LABELLED = re.compile(r"\s*([^:,、()\s]{2,8}):(.*)", re.DOTALL)
_LABEL = re.compile(r"(?=(?:牵头|主办|主责|配合|协办|协助|参与|责任)(?:单位|部门)?:)")
_SUFFIX = re.compile(
    r"(?<!各)(?<!各项目)(牵头(?:负责)?|配合|协助|参与|分别负责|按(?:照)?职责分工(?:分别)?负责|负责)\s*(?:[,，、]|$)"
)
_BRACKETED = re.compile(r"(.+)\((牵头|主办|主责|负责|配合|协办|协助|参与)(?:单位|部门)?\)")


class Due(NamedTuple):
    """The end of the work as a cell gives it: a date, `待定` with the reason, or none; and what a person has to know of it."""

    value: str = ""
    reason: str = ""
    doubt: str = ""


def departments(kind: str, text: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return roles with their departments, as the column says or as words in the cell say otherwise, and the rest."""
    found: list[tuple[str, str]] = []  # role, empty where no word gives one; name
    left: list[str] = []
    label = ""
    for clause in (piece for part in re.split(r"[;。\n]", folded(text)) for piece in _LABEL.split(part)):
        labelled = _LABELLED.fullmatch(clause)
        if labelled and not _role(labelled[1]):
            left.append(clause)
            continue
        if labelled:
            label, clause = _role(labelled[1]), labelled[2]
        for part, word in _clauses(clause):
            for name in _names(part):
                bracketed = _BRACKETED.fullmatch(name)
                role = _role(bracketed[2]) if bracketed else _role(word) if word else label
                found.append((role, bracketed[1] if bracketed else name))
    given = {role for role, _ in found} - {""}
    # who has no word of its own beside others that have one is what the column says only where that cannot be mistaken
    unmarked = kind if not given or kind == "cooperating" or (kind == "lead" and given == {"cooperating"}) else "units"
    roles: dict[str, list[str]] = {}
    for role, name in found:
        roles.setdefault(role or unmarked, []).append(name)
    if "joint_leads" in roles and "lead" in roles:  # who leads and who does its share cannot be told apart here
        roles = {"units": [*roles.pop("lead"), *roles.pop("joint_leads")], **roles}
    return roles, left


def _role(word: str) -> str:
    """Return the role a word gives, empty when it gives none."""
    if "分别" in word or "职责分工" in word:
        return "joint_leads"
    if re.search("领导|人$", word):
        return ""
    roles = {"lead": "牵头|主办|主责|^负责", "cooperating": "配合|协办|协助|参与", "units": "责任"}
    return next((role for role, words in roles.items() if re.search(words, word)), "")


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of `市公安局牵头，市教育局配合`, each with its role word; what is not plainly under one without."""
    start = 0
    for found in _SUFFIX.finditer(text):
        before, _, under = text[start : found.start()].rpartition(",")
        yield before, ""
        yield under, found[1]
        start = found.end()
    yield text[start:], ""


def _names(text: str) -> list[str]:
    names, depth = [""], 0
    for sign in text:
        depth += (sign in "([{〔【《") - (sign in ")]}〕】》")
        if depth <= 0 and sign in "、,，;；\n\t ":
            names.append("")
        else:
            names[-1] += sign
    found: list[str] = []
    for name in (re.sub(r"^(?:由|会同)", "", one.strip("。.:： ")) for one in names):
        if name and name not in ("等", "无", "/", "-", "—", "——"):
            levelled = re.match(r"[市县区省州各]|.{2,}[市县区省州]", name)
            carried = found and not levelled and len(name) <= 8 and re.match(r"[市县](?![场政])", found[-1])
            found.append(f"{found[-1][0]}{name}" if carried else name)
    return list(dict.fromkeys(found))


_DUE = re.compile(r"(?:(\d{4})年)?(?:(\d{1,2})月)?(?:(\d{1,2})日)?(上旬|中旬|下旬|底|末)?(?:以|之)?前?(?:完成)?")


def due(text: str) -> Due:
    """Return the date of a cell where it is a whole one."""
    said = re.sub(r"(?<!\d)(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)日?", r"\1年\2月\3日", plain(text).strip("。;；,，"))
    if said.startswith("每"):
        return Due(doubt="是定期报送的时间，不是完成时限，请写进 reports 的 clock")
    goes_on = any(word in said for word in _GOES_ON)
    if goes_on and not re.search(r"\d|[底末]|季度", said):
        return Due(doubt="，没有完成时限")
    quarter = re.fullmatch(r"(\d{4})年(?:第)?([一二三四1-4])季度(?:底|末)?(?:以|之)?前?", said)
    if quarter:
        month = 3 * ("一二三四1234".index(quarter[2]) % 4 + 1)
        return Due(f"{quarter[1]}-{month:02}", doubt="，按季度末月底")
    found = _DUE.fullmatch(said)
    year, month_, day, word = found.groups() if found else (None, None, None, None)
    value = ""
    if year and month_ and day and not word:
        value = f"{year}-{int(month_):02}-{int(day):02}"
    elif year and month_ and not day and word in ("底", "末", None, "下旬"):
        value = f"{year}-{int(month_):02}"
    elif year and not month_ and word in ("底", "末"):
        value = f"{year}-12"
    if value and day_of(value) is not None:
        return Due(value, doubt="，按月底" if word == "下旬" else "")
    told = "没有写年份" if month_ and not year else "既有日期又说长期" if goes_on else _why_not(said)
    maybe = _candidates(said)
    return Due(OPEN, f"{told}，可能是 {maybe}" if maybe else told)


def _why_not(said: str) -> str:
    """Return why a text is not taken for a date."""
    if not re.search(r"\d", said):
        return "不是日期"
    several = re.search(r"\d[月日号]?[-—–~至到、,和及]+(?:\d|次年|当年)", said)
    return "不止一个日期" if several else "读不准，可能缺字" if re.fullmatch(r"[\d年月日前]+", said) else "读不准"


def _candidates(said: str) -> str:
    """Return what a date that lost its signs may be: `20201020日` is 2020-10-20; `202111` may be several."""
    digits = re.fullmatch(r"(20\d\d)年?(\d{2,4})月?日?前?", said)
    if not digits:
        return ""
    rest = digits[2]
    days = {
        f"{digits[1]}-{int(rest[:cut]):02}-{int(rest[cut:]):02}"
        for cut in range(1, len(rest))
        if len(rest) - cut <= 2 and cut <= 2
    }
    months = {f"{digits[1]}-{int(rest):02}"} if len(rest) <= 2 else set()
    real = {one for one in days | months if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-\d\d)?", one) and day_of(one)}
    return " 或 ".join(sorted(real))


def plain(text: str) -> str:
    """Return a text as it is compared: full-width forms folded, no white space."""
    return "".join(folded(text).split())


def folded(text: str) -> str:
    """Return a text with its full-width forms folded."""
    return unicodedata.normalize("NFKC", text)
