"""Prefect's window shows what the ledger holds, and nothing that happens to the window changes the ledger's picture."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns import window as pure
from campaigns.definition import Duty
from campaigns.graph import REPORTS_TO, digraph, edges, expected_label
from campaigns.plan import Plan, expand
from campaigns.states import Standing
from campaigns.window import Picture, RoundPicture
from campaigns.workdays import OfficeHours
from liandong.prefect_server import RunningServer
from tasks import window
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory, small_plan
from tests.prefect_api import call

pytestmark = pytest.mark.prefect
AS_OF = datetime(2020, 11, 20, 2, tzinfo=UTC)


def a_picture(
    campaign: str,
    *,
    received: tuple[str, ...] = (),
    returned: tuple[str, ...] = (),
    closed: bool = False,
    plan: Plan | None = None,
    as_of: datetime = AS_OF,
) -> Picture:
    """Return two opened rounds of the small campaign under another name, so that no test meets another's runs."""
    plan = plan or small_plan()
    standings = {one.id: Standing(one.due_at, returned=one.id in returned) for one in plan.expected}
    for one in received:
        standings[one] = replace(standings[one], received_at=AS_OF - timedelta(hours=1), version=1)
    return replace(pure.picture(plan, "v1", standings, {FIRST_ROUND: closed, SECOND_ROUND: False}, as_of), campaign=campaign)


def draw(picture: Picture) -> window.Drawn:
    return asyncio.run(_marked(window.draw(picture)))


def rebuild(picture: Picture) -> window.Drawn:
    return asyncio.run(_marked(window.rebuild(picture)))


async def _marked(drawing: Awaitable[window.Drawn]) -> window.Drawn:
    drawn = await drawing
    await window.mark(drawn)
    return drawn


Graph = dict[str, tuple[str, frozenset[str]]]


def graph_of(server: RunningServer, run: Any) -> Graph:
    """Return what graph-v2 says of a run: each label with its state type and the labels of its parents."""
    nodes = dict(call(server, "GET", f"flow_runs/{run}/graph-v2")["nodes"])
    return {
        node["label"]: (node["state_type"], frozenset(nodes[parent["id"]]["label"] for parent in node["parents"]))
        for node in nodes.values()
    }


def runs_of(server: RunningServer, campaign: str, *, but_not: str = "") -> dict[str, dict[str, Any]]:
    """Return every flow run that carries the campaign's tag, by name; a duty's under its round's: `2020年下半年/任务1·……`."""
    asked = {"flow_runs": {"tags": {"all_": [f"liandong:{campaign}"]}}}
    found = call(server, "POST", "flow_runs/filter", asked)
    found = [run for run in found if run["state_name"] != but_not]
    places = {FIRST_ROUND: "2020年下半年", SECOND_ROUND: "2021年上半年"}
    named = {}
    for run in found:
        under = "".join(places[tag] for tag in run["tags"] if tag in places)
        named[run["name"] if under in ("", run["name"]) else f"{under}/{run['name']}"] = run
    assert len(named) == len(found)
    return named


def whole_graph(server: RunningServer, campaign: str, *, but_not: str = "") -> dict[str, Graph]:
    """Return the graph of every run of a campaign, without those in a state called `but_not`."""
    return {name: graph_of(server, run["id"]) for name, run in runs_of(server, campaign, but_not=but_not).items()}


def as_pictured(one: RoundPicture) -> dict[str, Graph]:
    """Return the graphs of a round's run and of those of its duties."""
    inside = {f"{one.label}/{duty.label}": duty.inside for duty in one.drawn if duty.inside}
    return {name: _as_pictured(bars) for name, bars in ({one.label: one.drawn} | inside).items()}


def _as_pictured(bars: Iterable[pure.Bar]) -> Graph:
    labels = {bar.key: f"任务 / {bar.label}" if bar.inside else bar.label for bar in bars}
    return {labels[bar.key]: (bar.type, frozenset(labels[parent] for parent in bar.parents)) for bar in bars}


def rounds_of(graphs: dict[str, Graph]) -> dict[str, Graph]:
    """Return the graphs of rounds and duties, without the campaign's own."""
    return {name: graph for name, graph in graphs.items() if name.startswith("20")}


def test_a_round_shows_its_duties_and_a_duty_the_labels_and_edges_of_the_plan(server: RunningServer) -> None:
    picture = a_picture("graph")
    draw(picture)
    graphs = rounds_of(whole_graph(server, "graph"))
    assert graphs == {name: graph for one in picture.rounds for name, graph in as_pictured(one).items()}
    one, two, three = (f"任务 / {bar.label}" for bar in picture.rounds[0].drawn if bar.inside)
    # the third duty needs the first; the roll-up waits for all
    assert {name: parents for name, (_, parents) in graphs["2020年下半年"].items()} == {
        one: frozenset(),
        two: frozenset(),
        three: {one},
        "汇总·2020年下半年": {one, two, three},
    }
    plan = small_plan()
    waits = digraph(edge for edge in edges(plan) if edge.kind == REPORTS_TO)
    owed = plan.expected_in(FIRST_ROUND)
    named = {one.id: expected_label(one.duty, plan.organ(one.department).name, one.role) for one in owed}
    shown = [node for name, graph in graphs.items() if name.startswith("2020年下半年/") for node in graph.items()]
    assert {name: parents for name, (_, parents) in shown} == {
        named[node]: frozenset(named[before] for before in waits.predecessors(node)) for node in named
    }


def test_a_duty_says_how_many_of_its_reports_are_in_and_its_worst_state(server: RunningServer) -> None:
    draw(a_picture("told", received=(f"{FIRST_ROUND}/1/swj",), returned=(f"{FIRST_ROUND}/3/gaj",)))
    runs = runs_of(server, "told")
    told = {name: (run["state_type"], run["state_name"]) for name, run in runs.items() if name.startswith("2020年下半年/")}
    assert told == {
        "2020年下半年/任务1·全面提高标准化水平": ("RUNNING", "办理中　已报1/5"),
        "2020年下半年/任务2·打造高品质消费商圈": ("RUNNING", "办理中　已报0/2"),
        "2020年下半年/任务3·活跃夜间商业和市场": ("PAUSED", "退回　已报0/3"),
    }
    draw(a_picture("told", as_of=AS_OF + timedelta(days=14)))
    assert runs_of(server, "told")["2020年下半年/任务3·活跃夜间商业和市场"]["state_name"] == "逾期未报　已报0/3，逾期3"


def test_the_campaigns_run_shows_its_rounds_one_after_another(server: RunningServer) -> None:
    drawn = draw(a_picture("chain", closed=True))
    assert graph_of(server, drawn.run) == {
        "报送期 / 2020年下半年": ("COMPLETED", frozenset()),
        "报送期 / 2021年上半年": ("RUNNING", frozenset({"报送期 / 2020年下半年"})),
    }
    assert runs_of(server, "chain")["2020年下半年"]["state_name"] == "已汇总"


def test_an_unchanged_picture_writes_nothing_and_one_change_one_bar(server: RunningServer) -> None:
    first = draw(a_picture("steady"))
    before = whole_graph(server, "steady")
    again = draw(a_picture("steady"))
    assert (again.run, again.writes) == (first.run, 0)

    one = f"{FIRST_ROUND}/2/scjg"
    lead = f"{FIRST_ROUND}/2/swj"
    # the report itself, its lead who no longer waits, how many the duty has, the round's mark
    assert draw(a_picture("steady", received=(one,))).writes == 4
    after, duty = whole_graph(server, "steady"), "2020年下半年/任务2·打造高品质消费商圈"
    assert {name for name in after if after[name] != before[name]} == {duty}
    changed = {name for name, node in after[duty].items() if before[duty][name] != node}
    assert changed == {"任务2·市市场监管局（配合）", "任务2·市商务局（牵头）"}
    assert draw(a_picture("steady", received=(one, lead))).writes == 3


def test_a_drawing_that_broke_off_before_its_end_is_done_again(server: RunningServer) -> None:
    draw(a_picture("broken"))
    closed = a_picture("broken", closed=True)
    broken_off = asyncio.run(window.draw(closed))
    assert broken_off.closed == draw(closed).closed == (FIRST_ROUND,)
    assert draw(closed) == window.Drawn(broken_off.run, 0)


def test_an_amended_plan_changes_the_bars_it_touches(server: RunningServer) -> None:
    draw(a_picture("amended"))
    duties = small_definition().duties
    other = duties[1].model_copy(update={"cooperating": ("市公安局",)})
    changed = small_definition().model_copy(update={"duties": (duties[0], other, duties[2])})
    picture = a_picture("amended", plan=expand(changed, small_directory(), WORKDAYS, OfficeHours()))
    draw(picture)
    assert rounds_of(whole_graph(server, "amended")) == {
        name: graph for one in picture.rounds for name, graph in as_pictured(one).items()
    }


def test_a_window_wiped_in_mid_round_is_rebuilt_as_it_was(server: RunningServer) -> None:
    picture = a_picture("wiped", received=(f"{FIRST_ROUND}/1/swj",))
    drawn = draw(picture)
    before = whole_graph(server, "wiped")
    call(server, "DELETE", f"flow_runs/{drawn.run}")  # leaves the rounds as orphans
    redrawn = rebuild(picture)
    assert redrawn.run != drawn.run
    assert whole_graph(server, "wiped") == before


def set_state(server: RunningServer, run: Any, kind: str) -> None:
    body = {"state": {"type": kind}, "force": True}
    call(server, "POST", f"flow_runs/{run}/set_state", body)


def test_nothing_is_written_into_a_window_that_somebody_cancelled(server: RunningServer) -> None:
    first = draw(a_picture("cancelled"))
    set_state(server, first.run, "CANCELLED")
    again = draw(a_picture("cancelled", received=(f"{FIRST_ROUND}/1/swj",)))
    assert (again.run, again.cancelled, again.writes) == (first.run, True, 0)
    assert not rebuild(a_picture("cancelled")).cancelled


def test_a_window_that_failed_is_drawn_anew(server: RunningServer) -> None:
    first = draw(a_picture("failed"))
    before = whole_graph(server, "failed")
    set_state(server, first.run, "FAILED")
    again = draw(a_picture("failed"))
    assert again.run != first.run
    assert whole_graph(server, "failed") == before


def test_duties_of_a_round_deleted_in_the_ui_do_not_stay_behind(server: RunningServer) -> None:
    draw(a_picture("deleted"))
    before, runs = whole_graph(server, "deleted"), runs_of(server, "deleted")
    call(server, "DELETE", f"flow_runs/{runs['2020年下半年']['id']}")
    draw(a_picture("deleted"))
    again = runs_of(server, "deleted")
    assert rounds_of(whole_graph(server, "deleted")) == rounds_of(before)
    assert {name for name in runs if runs[name]["id"] != again[name]["id"]} == {one for one in runs if one.startswith("2020")}


def test_a_duty_deleted_in_the_ui_is_drawn_again_with_the_next_change_in_its_round(server: RunningServer) -> None:
    draw(a_picture("lost"))
    duty = "2020年下半年/任务1·全面提高标准化水平"
    call(server, "DELETE", f"flow_runs/{runs_of(server, 'lost')[duty]['id']}")
    picture = a_picture("lost", received=(f"{FIRST_ROUND}/2/scjg",))
    draw(picture)
    assert rounds_of(whole_graph(server, "lost")) == {
        name: graph for one in picture.rounds for name, graph in as_pictured(one).items()
    }


def test_a_closed_campaign_leaves_no_run_waiting(server: RunningServer) -> None:
    draw(a_picture("closed"))
    picture = a_picture("closed", received=tuple(one.id for one in small_plan().expected))
    rounds = tuple(replace(one, closed=True) for one in picture.rounds)
    drawn = draw(replace(picture, rounds=rounds, status=pure.ENDED))
    assert drawn.closed == (FIRST_ROUND, SECOND_ROUND)
    assert {run["state_type"] for run in runs_of(server, "closed").values()} == {"COMPLETED"}
    assert draw(replace(picture, rounds=rounds, status=pure.ENDED)).writes == 0


def test_bars_come_parents_first_even_when_leads_wait_for_later_duties() -> None:
    duties: tuple[Duty, ...] = tuple(
        duty.model_copy(update={"needs": {1: (3,), 2: (1,), 3: ()}[duty.number]}) for duty in small_definition().duties
    )
    plan = expand(small_definition().model_copy(update={"duties": duties}), small_directory(), WORKDAYS, OfficeHours())
    for one in a_picture("order", plan=plan).rounds:
        for bars in (one.bars, one.drawn, *(bar.inside for bar in one.drawn)):
            seen: set[str] = set()
            for bar in bars:
                assert set(bar.parents) <= seen
                seen.add(bar.key)


def test_the_progress_table_adds_up() -> None:
    for row, one in zip(pure.progress(a_picture("table")), a_picture("table").rounds, strict=True):
        counts = [value for name, value in row.items() if name not in ("报送期", "应报", "汇总")]
        assert row["应报"] == sum(int(count) for count in counts) == len(one.bars) - 1
