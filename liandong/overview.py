"""The commands about a plan as a whole and about directories: graph, conflicts, directory export and import."""

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Group, Parameter

from liandong.arguments import AsOf, Json
from liandong.saying import moment, say, say_json

_COMMANDS, _OPTIONS, _ARGUMENTS = Group("命令"), Group("选项"), Group("参数")
_LATE = 5  # working days: the delay whose effect is shown
directory_app = App(
    name="directory",
    help="通讯录与 Excel 之间的导出、导入。",
    version_flags=[],
    group_commands=_COMMANDS,
    group_parameters=_OPTIONS,
    group_arguments=_ARGUMENTS,
)
directory_app["--help"].help = "显示帮助"
directory_app["--help"].group = _COMMANDS


def register(app: App) -> None:
    """Add these commands to the command line."""
    app.command(directory_app)
    app.command(graph)
    app.command(conflicts)


@directory_app.command
def export(place: Annotated[str, Parameter(help="通讯录代码")], /, *, to: Annotated[Path, Parameter(help="Excel 文件")]) -> int:
    """把通讯录导出为 Excel，一行一个单位。"""
    from tasks.directories import export as write

    say(f"已导出 {write(place, to)} 个单位到 {to}")
    return 0


@directory_app.command(name="import")
def import_(
    file: Annotated[Path, Parameter(help="填好的 Excel 文件")],
    /,
    *,
    place: Annotated[str, Parameter(name="--as", help="通讯录代码")],
    as_of: AsOf = None,
) -> int:
    """从 Excel 导入通讯录，写进办公室自己的通讯录文件夹。"""
    from campaigns.workdays import office_date
    from tasks.directories import take_in

    written, findings = take_in(file, place, office_date(moment(as_of)))
    for one in findings:
        word = "错误" if one.severity == "block" else "注意"
        say(f"{word}　{one.sheet}!{one.cell}　{one.message}" if one.cell else f"{word}　{one.message}")
    if written is None:
        say("没有导入，请按上面的提示改好后重新导入")
        return 1
    say(f"已写入 {written}")
    return 0


def graph(
    definition: Annotated[Path, Parameter(help="定义文件或代码")],
    /,
    *,
    round: Annotated[str | None, Parameter(help="画哪一期（默认第一期）")] = None,
    svg: Annotated[Path | None, Parameter(help="画成 SVG：关系图写到这个文件，甘特图写到旁边的 -gantt 文件")] = None,
    png: Annotated[Path | None, Parameter(help="画成 PNG，同上")] = None,
    json: Json = False,
) -> int:
    """前后关系：关键路径、机动时间、谁拖延会推迟终点、每周负担，可画成图；正在进行的，按现行安排。"""
    from campaigns.critical import timing
    from campaigns.errors import UnknownItem
    from liandong.definitions import in_force
    from tasks.definitions import workdays

    plan, standing = in_force(str(definition))
    found = timing(plan, workdays())
    if round is not None and round not in found.paths:
        raise UnknownItem(f"没有报送期“{round}”，可用的有：{'、'.join(found.paths)}")
    load = [
        {"department": code, "name": plan.organ(code).name, "week": week, "reports": count}
        for (code, week), count in sorted(found.load.items(), key=lambda one: (one[0][1], -one[1], one[0][0]))
    ]
    if json:
        steps = [{**asdict(one), f"moves_round_end_if_{_LATE}_late": max(0, _LATE - one.slack)} for one in found.steps]
        document = {"standing": standing, "steps": steps, "paths": found.paths, "load": load}
        say_json(document)
    else:
        say(f"{plan.definition.campaign.title}：{standing}")
        _show_timing(plan, found, load)
    for path in (svg, png):
        if path is not None:
            from integrations.pictures import gantt_picture, graph_picture

            kind = "svg" if path is svg else "png"
            beside = path.with_name(f"{path.stem}-gantt.{kind}")
            path = path.with_name(f"{path.stem}.{kind}")
            told = graph_picture(plan, round or plan.rounds[0].id, {}, path) or gantt_picture(plan, found, beside)
            sys.stderr.write(f"已画 {path}、{beside}{f'（{told}）' if told else ''}\n")
    return 0


def _show_timing(plan: Any, found: Any, load: list[dict[str, Any]]) -> None:
    steps = {one.node: one for one in found.steps}
    for a_round in plan.rounds:
        mine = [one for one in found.steps if one.round == a_round.id]
        say(f"{a_round.label}（{a_round.id}）：共 {len(mine)} 个环节，{max(one.wave for one in mine) + 1} 步先后")
        for wave, count in sorted(Counter(one.wave for one in mine).items()):
            say(f"　第{wave + 1}步 {count} 个")
        chain = " → ".join(f"{steps[node].label}（{steps[node].due:%m-%d}）" for node in found.paths[a_round.id])
        say(f"　关键路径：{chain}")
        tight = [one for one in mine if one.slack == 0]
        say(f"　没有机动时间、迟一天汇总就推迟一天的有 {len(tight)} 个环节")
        loose = [one for one in mine if one.slack > 0]
        for one in sorted(loose, key=lambda one: (one.slack, one.due, one.label)):
            effect = f"迟{_LATE}个工作日推迟 {_LATE - one.slack} 天" if one.slack < _LATE else f"迟{_LATE}个工作日不影响汇总"
            say(f"　机动 {one.slack:>3} 个工作日　{one.label}　应 {one.due}，最迟 {one.latest}，{effect}")
    say("应报最多的周（单位、周一、份数）：")
    for one in sorted(load, key=lambda one: -one["reports"])[:10]:
        say(f"　{one['name']}　{one['week']}　{one['reports']} 份")


def conflicts(
    *definitions: Annotated[Path, Parameter(help="尚未下发的定义文件或代码，可以写几个")],
    most: Annotated[int, Parameter(help="一名联络员一周最多几份")] = 3,
    json: Json = False,
) -> int:
    """几个专项行动放在一起看：重复要的数，一周里报得太多的人。"""
    from campaigns.conflicts import asked_twice, crowded_weeks
    from liandong.definitions import in_force
    from tasks.campaign import running_plans

    given = [in_force(str(one))[0] for one in definitions]
    codes = {plan.definition.campaign.id for plan in given}
    plans = [*(one for one in running_plans() if one.definition.campaign.id not in codes), *given]
    twice, crowded = asked_twice(plans), crowded_weeks(plans, most)
    if json:
        document = {
            "campaigns": [plan.definition.campaign.id for plan in plans],
            "asked_twice": [asdict(one) for one in twice],
            "crowded_weeks": [asdict(one) for one in crowded],
        }
        say_json(document)
        return 0
    titles = [plan.definition.campaign.short_title for plan in plans]
    say(f"一起看的专项行动 {len(plans)} 个：{'、'.join(titles)}")
    reports = {
        (plan.definition.campaign.id, one.report): f"{title}·{plan.report(one.id).title}"
        for plan, title in zip(plans, titles, strict=True)
        for one in plan.rounds
    }
    pairs: dict[tuple[str, ...], list[str]] = {}
    for one in twice:
        figure = f"{one.figure}（{one.unit}）"
        listed = pairs.setdefault((one.name, *(reports[a.campaign, a.report] for a in (one.one, one.other))), [])
        if figure not in listed:
            listed.append(figure)
    for (name, first, second), figures in pairs.items():
        say(f"重复要数　{name}：“{first}”与“{second}”都要 {'、'.join(figures)}")
    for week in crowded:
        say(f"一周过多　{week.person}　{week.week} 起的一周 {len(week.reports)} 份：{'；'.join(week.reports)}")
    say(f"重复要数 {len(pairs)} 处，超过 {most} 份的周 {len(crowded)} 个")
    return 0
