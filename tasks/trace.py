"""Opening the figures of a round: the roll-up as it stands, and for the asked ones every cell they come from."""

from collections.abc import Collection
from datetime import datetime

from campaigns.errors import UnknownItem
from campaigns.pedigree import Opened, opened
from campaigns.rollup import RollUp
from tasks.office import office
from tasks.rolling import rolled_up


def trace(
    round_id: str, indicators: Collection[str], duty: int | None, department: str, as_of: datetime
) -> tuple[RollUp, tuple[Opened, ...]]:
    """Return the roll-up of a round as it stands now, and its figures opened; UnknownItem, with what there is, for what is not.

    Departments are named by code or name, and stand for all below them.
    """
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(round_id.split("/")[0]))
        known = {one.id: one.label for one in plan.rounds}
        if round_id not in known:
            raise UnknownItem(f"没有报送期“{round_id}”；有：{'、'.join(known)}")
        found = rolled_up(ledger, plan, round_id, as_of)
    codes = {item.id: item.label for item in found.indicators}
    for code in indicators:
        if code not in codes:
            raise UnknownItem(f"没有指标“{code}”；有：{'、'.join(f'{one}（{label}）' for one, label in codes.items())}")
    if duty is not None and duty not in found.all_duties:
        raise UnknownItem(f"这一期没有任务{duty}；有：{'、'.join(map(str, found.all_duties))}")
    places = {name: one.code for one in found.places for name in (one.code, one.name)}
    if department and department not in places:
        raise UnknownItem(f"这一期没有单位“{department}”；有：{'、'.join(one.name for one in found.places)}")
    return found, tuple(opened(found, indicators, duty, places.get(department, "")))
