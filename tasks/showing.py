"""Showing campaigns in Prefect after a tick: the window, what stands on its page, the events of what happened."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import MissingContextError, ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from campaigns.errors import LiandongError, WorldError
from campaigns.window import Picture
from tasks import window
from tasks.alerting import alert
from tasks.announcing import announce
from tasks.artifacts import Page, key_of, show_campaign
from tasks.campaign import is_launched, is_paused, live_campaigns, must_not_have_ended, pause, picture
from tasks.office import office, working_moment
from tasks.preview import usable
from tasks.sending import deliver

CANCELLED = "界面取消"
OVERTAKEN = 3  # times that a drawing looks again, when another run created or removed what it was about to


async def show(campaigns: Iterable[str], as_of: datetime) -> dict[str, window.Drawn]:
    """Return how each campaign was drawn as it stands; one cancelled in the UI is paused, once, until the office decides."""
    return {campaign: await _undisturbed(_show, campaign, as_of) for campaign in campaigns}


async def redraw(campaigns: Iterable[str], as_of: datetime) -> list[window.Drawn]:
    """Return how each campaign was drawn afresh, its page too; a cancellation that no tick has seen yet is heeded first."""
    return [await _undisturbed(_redraw, campaign, as_of) for campaign in campaigns]


def refuses(campaign: str, as_of: datetime | None) -> State[Any] | None:
    """Return the state in which a run ends that must not launch, in words; None when it may. The office gets no letter of it."""
    try:
        moment = working_moment(as_of)
        if is_launched(campaign):
            must_not_have_ended(campaign)
        else:
            usable(campaign, moment)
    except WorldError:
        raise
    except LiandongError as error:
        return Failed(name=window.REFUSED, message=str(error))
    return None


async def ticked(work: Callable[[datetime], None], as_of: datetime | None) -> State[Any] | None:
    """Do a tick's work and show every campaign that was running; at a moment too far ahead, end in words instead, with no letter.

    The work is not awaited: a process does one tick, and nothing else waits for its loop.
    """
    try:
        moment = working_moment(as_of)
    except LiandongError as error:
        return Failed(name=window.NOT_DONE, message=str(error))
    running = live_campaigns()
    work(moment)
    await show(running, moment)
    return None


async def ends_at_once(campaign: str, as_of: datetime) -> State[Any] | None:
    """Return the state in which a run of a launched campaign ends at once, in words; None when this run is to go on.

    It ends when another run is the campaign's window, which it names, and when somebody cancelled the window and the office
    has not decided yet: launching again is no decision.
    """
    async with get_client() as client:
        runs = await window.runs_of(client, campaign)
    first = window.window_among(runs)
    if first and not window.is_over(first) and str(first.id) != flow_run.id:
        said = f"“{first.name}”已由运行 {first.id} 启动并显示，本次没有重复下发，也没有再画一份。打开：/runs/flow-run/{first.id}"
        return Completed(name=window.REPEATED, message=said)
    cancelled = [run for run in runs if window.is_cancelled(run)]
    if cancelled:
        await _heed(campaign, cancelled[-1].id, as_of)
        if is_paused(campaign):
            said = f"运行 {cancelled[-1].id} 已在界面取消，专项行动暂停发信，{window.DECIDE}"
            return Completed(name=window.UNDECIDED, message=said)
    return None


async def show_preview(campaign: str, letters: Sequence[Mapping[str, Any]], dates: Sequence[Mapping[str, str]]) -> State[Any]:
    """Return the state of a run that only previews, after every letter and date of the launch stands on its page."""
    rows = [
        {
            "时间": one["when"],
            "收件人": one["to"],
            "邮箱": one["email"],
            "主题": one["subject"],
            "附件": "、".join(one["attachments"]),
        }
        for one in letters
    ]
    said = "预演：以下信件尚未发出。确认无误后，重新运行并打开“确认下发”。"
    async with get_client() as client:
        page = Page(client, UUID(str(flow_run.id)))
        await page.table(key_of("preview", campaign), said, rows)
        await page.table(key_of("dates", campaign), "预演：各报送期何时下发、何时截止。", dates)
    return Completed(name=window.PREVIEWED, message=f"只是预演，什么也没有发出：共 {len(rows)} 封信，{len(dates)} 个报送期")


async def _undisturbed(look_and_draw: Callable[[str, datetime], Awaitable[window.Drawn]], *of: Any) -> window.Drawn:
    for _ in range(OVERTAKEN):
        try:
            return await look_and_draw(*of)
        except (ObjectAlreadyExists, ObjectNotFound):
            continue
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise
    return await look_and_draw(*of)


async def _show(campaign: str, as_of: datetime) -> window.Drawn:
    one = picture(campaign, as_of)
    drawn = await window.draw(one)
    if drawn.cancelled and campaign in live_campaigns():
        if await _heed(campaign, drawn.run, as_of):
            return drawn
        # the office was told of this very cancellation and let the campaign go on
        drawn = await window.rebuild(one)
    await _tell(one, drawn, as_of)
    return drawn


async def _redraw(campaign: str, as_of: datetime) -> window.Drawn:
    async with get_client() as client:
        held = await window.find(client, campaign)
    if held and window.is_cancelled(held) and campaign in live_campaigns():
        await _heed(campaign, held.id, as_of)
    one = picture(campaign, as_of)
    drawn = await window.rebuild(one)
    await _tell(one, drawn, as_of)
    return drawn


async def _tell(one: Picture, drawn: window.Drawn, as_of: datetime) -> None:
    """Say what a drawing changed: in the log of the run that drew it, on the campaign's page, by events."""
    with suppress(MissingContextError):  # the command line has no run in whose log this could stand
        for bar, before in drawn.changed:
            get_run_logger().info("%s　%s：%s → %s（%s）", one.title, bar.label, before, bar.shown, bar.key)
    async with get_client() as client:
        if drawn.writes:
            await show_campaign(Page(client, drawn.run), one, drawn.closed, as_of)
        if not drawn.cancelled:
            await announce(client, one, drawn, as_of)
    await window.mark(drawn)


async def _heed(campaign: str, run: UUID, as_of: datetime) -> bool:
    """Return whether the cancellation of a run is news: then the office is told and the campaign paused; each is heeded once."""
    async with get_client() as client:
        which = await window.cancellation(client, run)  # the run alone does not tell: tried again, it can be cancelled again
    with office().ledger() as ledger:
        if any(str(which) in text for text, _ in ledger.events(campaign)):
            return False
        title = ledger.campaign(campaign).title
    commands = f"确认撤销的用 liandong cancel {campaign} --basis 依据，误点的用 liandong cancel {campaign} --revive 理由"
    meanwhile = "决定之前，来件照常收取、审核，但不下发、不催报、不汇总，回执也暂不发出；恢复后补做"
    detail = f"请办公室决定后告知技术人员：{commands}。{meanwhile}。"
    alert(f"cancelled:{which}", f"“{title}”在 Prefect 界面上被取消，已暂停发信，等办公室决定", detail, as_of)
    pause(campaign, f"{CANCELLED}：运行 {run}，状态 {which}", as_of)
    deliver(as_of)
    return True
