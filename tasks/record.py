"""The record: whether anything in it was touched, and the daily anchor that the office can keep elsewhere."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigns.workdays import office_date
from integrations.database.ledger import Ledger
from integrations.files import write_whole
from integrations.inbox import store
from tasks.office import Office, office
from tasks.step import step

_FOLDER = "anchors"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, everything that is not as it was recorded, and the newest anchor with its mark."""

    campaigns: int
    events: int
    files: int
    anchors: int
    faults: tuple[str, ...]
    anchor: str = ""


@step("存证")
def anchor(as_of: datetime) -> Path | None:
    """Return the anchor file of the day, written now; None when it was written or there is nothing to anchor.

    It names the last event of every campaign and is chained to the anchor before it: its last line, kept elsewhere, proves all.
    """
    at = office()
    folder = at.home / _FOLDER
    path = folder / f"{office_date(as_of)}.txt"
    if path.exists():
        return None
    with at.ledger() as ledger:
        ends = [(one.id, *ledger.place(one.id)) for one in ledger.campaigns()]
    if not ends:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    earlier = [one for one in sorted(folder.glob("*.txt")) if one.name < path.name]
    lines = [f"存证 {office_date(as_of)}"]
    lines.append(f"前一份 {earlier[-1].stem} {_mark_of(earlier[-1])}" if earlier else "前一份 无")
    lines += [f"{code} 第{sequence}号 {mark}" for code, sequence, mark in ends]
    text = "\n".join(lines)
    write_whole(path, f"{text}\n指纹 {_digest(text)}\n".encode())
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _mark_of(path: Path) -> str:
    return path.read_text("utf-8").rstrip("\n").rpartition(" ")[2]


def verify() -> Verified:
    """Return everything in the ledger and the office's folder that is not as it was recorded."""
    at = office()
    with at.ledger() as ledger:
        campaigns = ledger.recorded_campaigns()
        faults: list[str] = []
        for code in campaigns:
            try:
                broken = ledger.broken_links(code)
            except ValueError:
                faults.append(f"{code}：事件的表里有读不出的内容，被改动，其余各表无法核对")
                continue
            faults += [f"{code}：{one}" for one in broken]
            try:
                faults += [f"{code}：{one}" for one in ledger.altered_rows(code)]
            except (LookupError, ValueError, TypeError):
                if not broken:
                    raise
                faults.append(f"{code}：事件被改动，不能再按事件重建台账，其余各表无法核对")
        faults += ledger.orphans()
        events = sum(ledger.place(code)[0] for code in campaigns)
        kept, shown = ledger.kept_files(), ledger.shown_files()
        anchors = sorted((at.home / _FOLDER).glob("*.txt"))
        faults += _anchors(ledger, anchors)
    faults += _files(at, kept, shown)
    newest = f"{anchors[-1].stem} {_mark_of(anchors[-1])}" if anchors else ""
    return Verified(len(campaigns), events, len(kept) + len(shown), len(anchors), tuple(faults), newest)


def _anchors(ledger: Ledger, anchors: list[Path]) -> list[str]:
    """Return the anchors that were altered or are gone, or that name an event which is no longer what it was."""
    faults, before = [], "前一份 无"
    opening = ledger.last_opening()
    day = f"{office_date(datetime.fromisoformat(opening))}" if opening else ""
    if opening and not any(path.stem >= day for path in anchors):  # the tick that opens a round writes the day's anchor
        faults.append(f"{day}（最近一次开启报送期）以后的存证文件不见了")
    for path in anchors:
        body, _, last = path.read_text("utf-8").rstrip("\n").rpartition("\n")
        lines = body.split("\n")
        if last != f"指纹 {_digest(body)}" or lines[1:2] != [before]:
            faults.append(f"存证文件{path.name}被改动，或它前面的存证文件被改动、删除")
        for line in lines[2:]:
            code, sequence, mark = line.split(" ")
            if ledger.event_hash(code, int(sequence.strip("第号"))) != mark:
                faults.append(f"{code}：{sequence}事件与{path.stem}的存证不符")
        before = f"前一份 {path.stem} {last.rpartition(' ')[2]}"
    return faults


def _files(at: Office, kept: dict[str, str], shown: list[tuple[str, str]]) -> list[str]:
    faults = []
    for digest, what in kept.items():
        path = store.path_of(at.home / "raw", digest)
        if not path.exists():
            faults.append(f"{what}的原件{path.relative_to(at.home)}不见了")
        elif _sha256(path) != digest:
            faults.append(f"{what}的原件{path.relative_to(at.home)}被改动")
    for name, digest in shown:
        path = at.home / name
        if not path.exists():
            faults.append(f"{name}不见了")
        elif _sha256(path) != digest:
            faults.append(f"{name}被改动")
    return faults


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
