"""The form in which Prefect's pages ask for a run's parameters: Chinese titles and help, and what they refuse at once."""

from typing import Annotated, Any

from prefect.runtime import flow_run
from pydantic import AwareDatetime, Field

from campaigns.errors import LiandongError
from tasks.definitions import load


def _said(title: str, help_text: str, **more: Any) -> Any:
    # Prefect writes its own title and description over pydantic's; only what stands here is left as it is
    return Field(json_schema_extra={"title": title, "description": help_text, **more})


CampaignCode = Annotated[str, _said("专项行动代码", "由部署给定，不用改。", pattern="^[a-z0-9][a-z0-9-]*$")]
Confirmation = Annotated[
    bool,
    _said("确认下发", "打开：正式下发，到期的信件随即发出。不打开：只是预演，列出要发的每一封信和各个日期，什么也不发。"),
]
Moment = Annotated[
    AwareDatetime | None,
    _said("以哪一刻为准", "一般不填，即现在。填写时写明时区，如 2026-09-25T08:30:00+08:00；比现在晚一天以上的不予执行。"),
]
AlertCode = Annotated[str, _said("事由代码", "同一代码一天只写一封信。")]
AlertSaid = Annotated[str, _said("什么事", "一句话，作为信件的标题。")]
AlertDetail = Annotated[str, _said("详情", "信件的正文；可以不填。")]


def name_of_run() -> str:
    """Return what a campaign's run is called on Prefect's pages: the campaign's title, or its code when that cannot be read."""
    code = str(flow_run.parameters["campaign"])
    try:
        return load(code).definition.campaign.title
    except LiandongError:
        return code
