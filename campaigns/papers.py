"""Papers for a person to sign: 催办函, 督办单, 通报, 约谈建议, 情况说明.

Only drafted here: number, date of issue and signature stay blank. What they ask for rests on the campaign's own notice alone; no
rule of law is quoted, since none read fixes these steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.definition import Paper
from campaigns.letters import Item, duties_in_words

BLANK_NUMBER = "〔　　〕　号"
BLANK_DATE = "　　年　月　日"


@dataclass(frozen=True, slots=True)
class Late:
    """A department that owes something past its date, or soon will."""

    unit: str
    items: tuple[Item, ...]
    times: int = 1  # in how many rounds it has been late, this one included


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper as it will be set: title, to whom, paragraphs, a table, who signs."""

    kind: Paper
    title: str
    to: str
    paragraphs: tuple[str, ...]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    after: tuple[str, ...] = ()
    signed_by: str = ""
    numbered: bool = True


def draft(
    kind: Paper, office: str, campaign: str, reference: str, round_label: str, as_of: str, late: Sequence[Late]
) -> tuple[Draft, ...]:
    """Return the papers of one kind about a round: one for each department, and one 通报 for them all.

    `as_of` is the moment at which things stood so, in Chinese; nothing is drafted where nobody is late.
    """
    about = f"{campaign}{f'（{reference}）' if reference and reference != campaign else ''}{round_label}"
    if not late:
        return ()
    if kind is Paper.BULLETIN:
        rows = tuple(
            (str(number), one.unit, duties_in_words(one.items), _dates(one.items), _state(one.items))
            for number, one in enumerate(late, start=1)
        )
        return (
            Draft(
                kind,
                f"关于{campaign}{round_label}报送情况的通报",
                "各有关单位",
                (
                    f"截至{as_of}，{about}有{len(late)}个单位未按期报送，现予通报，名单见下表。",
                    "请表列单位尽快补报，并说明未按期报送的原因和整改措施。没有报送的，汇总时列为未报单位，不按零计。",
                ),
                ("序号", "单位", "未报任务", "截止时间", "现状"),
                rows,
                signed_by=office,
            ),
        )
    return tuple(_single(kind, office, campaign, about, round_label, as_of, one) for one in late)


def _single(kind: Paper, office: str, campaign: str, about: str, round_label: str, as_of: str, one: Late) -> Draft:
    rows = tuple((str(item.duty), item.title, item.role, item.due, item.remaining or item.state) for item in one.items)
    columns = ("任务", "内容", "角色", "截止时间", "现状")
    owing = f"截至{as_of}，{one.unit}在{about}中有{len(one.items)}项尚未报送："
    titles = {
        Paper.URGE: f"关于请尽快报送{campaign}{round_label}材料的函",
        Paper.SUPERVISE: "督办单",
        Paper.INTERVIEW: f"关于约谈{one.unit}的建议",
        Paper.EXPLAIN: f"关于{campaign}{round_label}未按期报送的情况说明",
    }
    after: tuple[str, ...]
    match kind:
        case Paper.URGE:
            after = ("请抓紧报送；确有困难的，请书面说明理由和拟报送的日期。特此函告。",)
        case Paper.SUPERVISE:
            after = (
                "请分管领导督促，于　　年　月　日前报送，并书面说明未按期报送的原因。",
                "分管领导意见：",
                "办理结果：",
            )
        case Paper.INTERVIEW:
            after = (
                f"该单位在本专项行动中已有{one.times}个报送期未按期报送。是否约谈、由谁约谈、何时约谈，请领导审定。",
                "领导批示：",
            )
        case _:
            after = ("未按期报送的原因：", "已采取的措施：", "预计报送时间：　　年　月　日")
    explains = kind is Paper.EXPLAIN
    return Draft(
        kind,
        titles[kind],
        office if explains or kind is Paper.INTERVIEW else one.unit,
        (owing,),
        columns,
        rows,
        after,
        signed_by=one.unit if explains else office,
        numbered=kind not in (Paper.EXPLAIN, Paper.INTERVIEW),
    )


def _dates(items: Sequence[Item]) -> str:
    return "；".join(dict.fromkeys(one.due for one in items))


def _state(items: Sequence[Item]) -> str:
    return "、".join(dict.fromkeys(one.remaining or one.state for one in items))
