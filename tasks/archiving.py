"""The archive of a campaign in one folder, for the archives room: every file by its own bytes, a list, and their SHA-256."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from campaigns.archive import ACCOUNTS, DIGESTS, INDEX, LETTERS, NOTICE, RECEIVED, SENT, TOTALS, UPWARD, Kept, apart, digests
from campaigns.decisions import Kind as Decided
from campaigns.errors import Conflict, WorldError
from campaigns.events import Event
from campaigns.letters import Kind, Outcome
from campaigns.parts import suffix_of
from campaigns.plain import file_name, one_line
from campaigns.plan import Plan
from campaigns.records import EnvelopeRecord
from campaigns.workdays import moment_in_chinese, office_time
from integrations.database.ledger import Ledger
from integrations.excel.index_book import write_index
from integrations.files import write_whole
from tasks.ledger_page import PAGE
from tasks.office import Office, names, office

FOLDER = "archive"
_PARTS = {"workbook": "统计表", "summary": "工作总结", "scan": "盖章扫描件"}
_LETTERS = {
    Kind.ASSIGNMENT: "任务分工信",
    Kind.REMINDER: "催办信",
    Kind.OVERDUE: "逾期通知",
    Kind.BUNDLE: "配合单位材料",
    Kind.ROLLUP: "汇总信",
    Kind.RECEIPT: "回执",
    Kind.UNDELIVERED: "未送达通知",
    Kind.DECISION: "决定通知",
}


def archive(campaign: str, to: Path | None, as_of: datetime) -> tuple[Path, tuple[Kept, ...]]:
    """Return the folder of a campaign's archive, and its files: written whole or not at all; an archive there is replaced.

    Conflict when the folder holds anything else; WorldError when the ledger names bytes that are gone.
    """
    at = office()
    with at.ledger() as ledger:
        record = ledger.campaign(campaign)
        plan = at.plan(record)
        files = apart(_files(at, ledger, plan, as_of))
        decisions = [
            (one.id, Decided(one.kind).chinese, one.by, one.authority, one.basis, str(one.decided_on), "、".join(one.scope))
            for one in ledger.decisions(campaign)
        ]
    target = to.absolute() if to else at.home / FOLDER / campaign
    _must_be_free(target)
    making = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(making, ignore_errors=True)
    written = tuple(_written(at, making, one) for one in files)
    write_whole(making / INDEX, write_index(one_line(plan.definition.campaign.title), written, decisions))
    listed = digests(written)
    write_whole(making / DIGESTS, listed.encode())
    shutil.rmtree(target, ignore_errors=True)
    making.rename(target)
    with at.ledger() as ledger:
        data = {"files": len(written), "sha256": at.keep(listed.encode())}
        ledger.record(Event(campaign, "campaign.archived", campaign, as_of, "office", f"archive:{data['sha256']}", data))
    return target, written


def _must_be_free(folder: Path) -> None:
    """Raise when writing an archive would do away with anything but an earlier archive."""
    if not folder.exists():
        return
    told = folder / DIGESTS
    listed = told.read_text("utf-8").splitlines() if told.is_file() else []
    own = {INDEX, DIGESTS, *(line.partition("  ")[2] for line in listed)}
    found = [path for path in folder.rglob("*") if not path.is_dir()] if folder.is_dir() else [folder]
    if strange := [path for path in found if str(path.relative_to(folder)) not in own]:
        raise Conflict(f"“{folder}”里有别的文件（如“{strange[0].name}”），归档不会动它们，请换一个空文件夹")


def _written(at: Office, folder: Path, one: Kept) -> Kept:
    try:
        data = at.bytes_of(one.sha256)
    except OSError:
        raise WorldError(f"归档没有完成：{one.what}“{one.path}”的原件不见了，请先用 liandong verify 核对") from None
    path = folder / one.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return replace(one, size=len(data))


def _files(at: Office, ledger: Ledger, plan: Plan, as_of: datetime) -> Iterator[Kept]:
    campaign = plan.definition.campaign
    named, labels = names(plan), {one.id: one.label for one in plan.rounds}
    record = ledger.campaign(campaign.id)
    launched = moment_in_chinese(record.launched_at)
    for name, text in (("专项行动定义.json", record.definition), ("通讯录.json", record.directory)):
        data = json.dumps(json.loads(text), ensure_ascii=False, indent=1).encode()
        yield Kept(NOTICE, name, name.removesuffix(".json"), campaign.office, "", launched, at.keep(data))
    rounds = ledger.rounds(campaign.id)
    for a_round in rounds:
        for form in ledger.forms(a_round.id):
            unit = named[form.department]
            path = f"{file_name(a_round.label)}/{file_name(f'{unit}_报表_第{form.version}版', '.xlsx')}"
            yield Kept(SENT, path, "下发的报表", unit, a_round.label, moment_in_chinese(form.issued_at), form.sha256)
    for letter in ledger.messages(campaign.id):
        kind = Kind(letter.kind)
        unit, label = named.get(letter.department or "", letter.to_name), labels.get(letter.round or "", "")
        path = f"信件/{file_name(letter.file.removesuffix('.eml'), '.eml')}"
        folder = LETTERS.get(kind, SENT)
        yield Kept(folder, path, _LETTERS[kind], unit, label, moment_in_chinese(letter.made_at), letter.sha256)
    for envelope in ledger.envelopes():
        if envelope.campaign == campaign.id:
            yield from _received(at, ledger, envelope, named.get(envelope.department or "", "单位不明"), labels)
    for a_round in rounds:
        for rollup in ledger.rollups(a_round.id):
            path = file_name(Path(rollup.file).stem, ".xlsx")
            moment = moment_in_chinese(rollup.published_at)
            yield Kept(TOTALS, path, f"汇总表第{rollup.version}版", campaign.office, a_round.label, moment, rollup.sha256)
        for up in ledger.sent_up(a_round.id):
            answer = f"上级回执{up.receipt}：{Outcome(up.outcome).chinese}" if up.outcome else "上级未答复"
            path = file_name(Path(up.file).stem, ".xlsx")
            what = f"报上级的报表（汇总表第{up.version}版，{answer}）"
            yield Kept(UPWARD, path, what, campaign.office, a_round.label, moment_in_chinese(up.made_at), up.sha256)
    for one in ledger.documents(campaign.id):
        path = file_name(Path(one.file).stem, Path(one.file).suffix)
        moment = moment_in_chinese(one.made_at)
        yield Kept(ACCOUNTS, path, one.kind, campaign.office, labels.get(one.round, ""), moment, one.sha256)
    for page in sorted(at.home.glob("台账*.html")):
        if page.name in (PAGE, f"台账-{campaign.id}.html"):
            yield Kept(ACCOUNTS, page.name, "台账页面", campaign.office, "", moment_in_chinese(as_of), at.keep(page.read_bytes()))


def _received(at: Office, ledger: Ledger, envelope: EnvelopeRecord, unit: str, labels: dict[str, str]) -> Iterator[Kept]:
    """Yield an envelope as it came, and what was in a mail, so that it can be opened without a mail program."""
    label, moment = labels.get(envelope.round or "", ""), moment_in_chinese(envelope.received_at)
    outcome = Outcome(envelope.outcome).chinese if envelope.outcome else "来件"
    folder = file_name(unit)
    stem = f"{envelope.id}_{office_time(envelope.received_at):%Y%m%d}_{unit}"
    parts = ledger.parts_of(envelope.id)
    original = Path(envelope.name).suffix.lower() or ".eml"
    if envelope.door == "mail":
        original = ".eml"
    elif len(parts) == 1 and parts[0].sha256 == envelope.sha256:
        original = suffix_of(parts[0].kind, at.bytes_of(envelope.sha256))
    path = f"{folder}/{file_name(f'{stem}_{Path(envelope.name).stem}')}{file_name('x', original)[1:]}"
    yield Kept(RECEIVED, path, f"来件（{outcome}）", unit, label, moment, envelope.sha256)
    for part in parts:
        if part.sha256 != envelope.sha256 and part.kind in _PARTS:
            suffix = suffix_of(part.kind, at.bytes_of(part.sha256))
            path = f"{folder}/{file_name(f'{stem}_{_PARTS[part.kind]}_{Path(part.name).stem}', suffix)}"
            yield Kept(RECEIVED, path, f"{_PARTS[part.kind]}（{outcome}）", unit, label, moment, part.sha256)
