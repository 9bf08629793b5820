"""Reading departments' own systems: what one holds for an open round comes in by a door of its own, in the department's name."""

import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from urllib.parse import quote

from campaigns.errors import WorldError
from campaigns.forms import Form
from campaigns.plan import Plan
from campaigns.pulled import cells
from campaigns.records import RoundRecord
from campaigns.submission import Refusal
from integrations.excel import fill as workbook
from integrations.excel.guard import guard
from integrations.http.client import Bounds
from integrations.http.pull import pull
from integrations.settings import Pull
from tasks.doors import Scope, store
from tasks.office import Office, names, office
from tasks.step import step

DOOR = "pull"
_THEN = (1980, 1, 1, 0, 0, 0)  # the same answer makes the same file, whenever it was read


@step("从单位系统取数")
def pull_all(as_of: datetime, bounds: Bounds | None = None) -> list[str]:
    """Return the numbers of what was read anew and stored; WorldError, with every system that failed, when all were asked.

    What stands there unchanged since it came is not taken again.
    """
    at = office()
    made: list[str] = []
    failed: list[str] = []
    for one in at.settings.pull:
        with at.ledger() as ledger:
            known = {record.id: record for record in ledger.campaigns("live")}
            rounds = ledger.rounds(one.campaign) if one.campaign in known else []
        if one.campaign not in known:
            continue  # not launched, paused or over
        plan = at.plan(known[one.campaign])
        name = names(plan).get(one.department)
        if name is None:
            failed.append(f"设置里写的“{one.department}”不是{one.campaign}通讯录里的单位代码")
            continue
        for a_round in _asked(plan, one, rounds):
            try:
                made += _read(at, one, name, a_round, as_of, bounds or Bounds())
            except WorldError as fault:
                failed.append(f"{name}：{fault}")
    if failed:
        raise WorldError(f"从单位系统取数没有成功。{'；'.join(failed)}。已有的数不受影响，下一次运行时再取")
    return made


def _asked(plan: Plan, one: Pull, rounds: list[RoundRecord]) -> list[RoundRecord]:
    """Return the open rounds in which the department owes something: all when the address names the round, else the newest."""
    owed = {expected.round for expected in plan.expected if expected.department == one.department}
    opened = [a_round for a_round in rounds if a_round.opened_at and a_round.closed_at is None and a_round.id in owed]
    return opened if "{round}" in one.url else opened[-1:]


def _read(at: Office, one: Pull, name: str, a_round: RoundRecord, as_of: datetime, bounds: Bounds) -> list[str]:
    url = one.url.replace("{round}", quote(a_round.id.partition("/")[2], safe=""))
    token = one.token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    within = replace(bounds, networks=tuple(map(str, one.addresses)), ca_file=one.ca_file)
    data = pull(url, headers, within)
    if data is None:
        return []
    at.keep(data)
    scope = Scope(a_round.id, one.department, a_round.closes_on + timedelta(days=30))
    with at.ledger() as ledger:
        last = next((envelope.sha256 for envelope in ledger.handed_in(scope.key) if envelope.door == DOOR), None)
        forms = ledger.forms(*scope.key)
    if not forms:
        return []
    taken = _as_envelope(at, data, Form.model_validate_json(forms[-1].layout), at.bytes_of(forms[-1].sha256))
    return [] if at.keep(taken) == last else store(scope, DOOR, [(f"{name}_系统取数", taken)], as_of)


def _as_envelope(at: Office, data: bytes, form: Form, issued: bytes) -> bytes:
    """Return what is taken in: a workbook or an archive as it is; figures as JSON with the form they were written into."""
    told = guard(data)
    if not isinstance(told, Refusal) or told.code == "archive":
        return data
    found = cells(data, form)
    if found is None:
        raise WorldError(f"对方系统给的不是报表，也不是约定的 JSON（{told.message.partition('，')[0]}）")
    filled = workbook.fill(issued, found)
    if isinstance(filled, Refusal):
        raise WorldError(f"报表填不进去：{filled.message}")
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in ((f"{form.department_name}_系统数据.json", data), (form.filename, filled)):
            archive.writestr(zipfile.ZipInfo(entry, _THEN), content)
    return out.getvalue()
