"""Launching from the command line: the ledger first, then what is due at once, then Prefect's window if a server runs."""

from datetime import datetime

from flows import tick
from liandong.window import refresh
from tasks import campaign as campaigns
from tasks.preview import usable


def launch(name: str, now: datetime) -> str:
    """Return what launching did, as a sentence: the same version again changes nothing."""
    plan = usable(name, now)
    new = campaigns.launch(plan, now)
    campaigns.must_not_have_ended(plan.definition.campaign.id)
    tick.daily(now)
    page = refresh(now)
    title = plan.definition.campaign.title
    said = f"已下发“{title}”。" if new else f"“{title}”此前已经下发，没有重复。"
    return said + (f"Prefect 界面：{page}" if page else "（Prefect 服务没有运行；liandong serve 启动后可在界面上查看）")
