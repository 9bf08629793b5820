"""The state of an expected report: what officers may rely on when somebody disputes it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from campaigns.events import Event
from campaigns.states import Rates, Standing, State, chinese, fold, percentage, rates, state, tally

START = datetime(2020, 11, 1, tzinfo=UTC)
DUE = datetime(2020, 12, 3, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def after(*events: tuple[str, datetime, dict[str, Any]]) -> Standing:
    standing = Standing(DUE)
    for kind, moment, data in (("round.opened", START, {}), *events):
        standing = fold(standing, Event("c", kind, "c/r/1/a", moment, "test", "test", data))
    return standing


def accepted(moment: datetime, version: int = 1, nil: bool = False) -> tuple[str, datetime, dict[str, Any]]:
    return "submission.accepted", moment, {"submission": f"s{version}", "version": version, "nil": nil}


def moved(granted_at: datetime, to: datetime) -> tuple[str, datetime, dict[str, Any]]:
    return "due.moved", granted_at, {"to": to.isoformat()}


def withdrawn(moment: datetime, version: int) -> tuple[str, datetime, dict[str, Any]]:
    return "submission.withdrawn", moment, {"submission": f"s{version}"}


def sent_back(moment: datetime, version: int) -> tuple[str, datetime, dict[str, Any]]:
    return "submission.returned", moment, {"submission": f"s{version}"}


def test_an_extension_granted_before_the_bytes_came_makes_them_on_time() -> None:
    standing = after(moved(DUE - DAY, DUE + 3 * DAY), accepted(DUE + 2 * DAY))
    assert state(standing, DUE + 5 * DAY) is State.RECEIVED


def test_an_extension_granted_after_the_bytes_came_does_not_whichever_was_recorded_first() -> None:
    came, granted = accepted(DUE + HOUR), moved(DUE + 2 * HOUR, DUE + 3 * DAY)
    assert state(after(came, granted), DUE + 5 * DAY) is State.LATE
    assert state(after(granted, came), DUE + 5 * DAY) is State.LATE


def test_the_date_of_any_moment_is_the_one_in_force_then() -> None:
    standing = after(moved(DUE - 2 * DAY, DUE + 2 * DAY), moved(DUE + DAY, DUE + 9 * DAY))
    assert standing.due_version == 3
    assert [standing.due_at_of(DUE + n * DAY) for n in (-3, -1, 1, 5)] == [DUE, DUE + 2 * DAY, DUE + 9 * DAY, DUE + 9 * DAY]
    assert state(standing, DUE + DAY - HOUR) is State.OPEN
    assert state(standing, DUE + 10 * DAY) is State.MISSING


def test_a_correction_after_the_date_does_not_make_a_report_late() -> None:
    standing = after(accepted(DUE - DAY), accepted(DUE + DAY, 2))
    assert (state(standing, DUE + 2 * DAY), standing.version) == (State.RECEIVED, 2)


def test_what_arrived_before_the_valid_version_replaces_it_not_however_late_it_is_read() -> None:
    standing = after(accepted(DUE + DAY), accepted(DUE - DAY, 2, nil=True))
    assert (state(standing, DUE + 2 * DAY), standing.version, standing.nil, standing.highest) == (State.RECEIVED, 1, False, 2)


def test_when_the_newest_version_is_taken_back_the_one_before_counts_again() -> None:
    standing = after(accepted(DUE - DAY, nil=True), accepted(DUE + DAY, 2), withdrawn(DUE + 2 * DAY, 2))
    assert (state(standing, DUE + 3 * DAY), standing.version, standing.highest) == (State.NIL, 1, 2)


def test_what_is_taken_back_wholly_is_owed_again_and_its_number_is_not_given_again() -> None:
    standing = after(accepted(DUE - DAY), withdrawn(DUE - HOUR, 1))
    assert (state(standing, DUE - HOUR), state(standing, DUE + HOUR)) == (State.OPEN, State.MISSING)
    assert (standing.owed, standing.version, standing.highest) == (True, 0, 1)


def test_an_accepted_report_that_is_sent_back_is_called_returned() -> None:
    standing = after(accepted(DUE - DAY), sent_back(DUE - HOUR, 1))
    assert (chinese(standing, DUE - HOUR), chinese(standing, DUE + HOUR)) == ("退回", "逾期退回")
    assert chinese(after(accepted(DUE - DAY), sent_back(DUE - HOUR, 1), accepted(DUE, 2)), DUE + HOUR) == "已报送"


def test_a_report_that_is_waived_is_owed_by_nobody_until_the_waiver_ends() -> None:
    waived = ("report.waived", DUE - DAY, {})
    assert state(after(waived), DUE + DAY) is State.WAIVED
    assert state(after(waived, ("report.resumed", DUE - HOUR, {})), DUE + DAY) is State.MISSING
    assert state(after(waived, accepted(DUE + DAY)), DUE + 2 * DAY) is State.RECEIVED  # it came, and it was not late


def test_a_closed_round_stays_as_it_closed() -> None:
    closed = ("round.closed", DUE + DAY, {})
    standing = after(closed, accepted(DUE + 2 * DAY), moved(DUE + 2 * DAY, DUE + 9 * DAY), ("report.waived", DUE + 2 * DAY, {}))
    assert standing == after(closed)
    assert state(standing, DUE + 99 * DAY) is State.MISSING
    uploaded = after(accepted(DUE + DAY + HOUR), closed)  # while the tick that closes was at work: its moment is its beginning
    assert state(uploaded, DUE + 2 * DAY) is State.LATE
    early = after(("round.closed", DUE - DAY, {}))
    assert state(early, DUE + DAY) is State.OPEN  # closed before its date, it was never overdue


def test_rates_leave_out_what_is_excused_and_only_what_is_whole_is_a_hundred() -> None:
    states = [State.RECEIVED] * 998 + [State.LATE, State.MISSING, State.WAIVED, State.NOT_APPLICABLE]
    assert rates(tally(states)) == Rates(Decimal("99.9"), Decimal("99.8"))
    assert rates(tally([State.NIL, State.WAIVED])) == Rates(Decimal(100), Decimal(100))
    assert rates(tally([State.OPEN])) == Rates(Decimal(0), None)
    assert rates(tally([State.WAIVED])) == Rates(None, None)
    assert [percentage(2, 3), percentage(2999, 3000), percentage(2, 2)] == [Decimal("66.7"), Decimal("99.9"), Decimal(100)]
