"""The command line: English words, Chinese help and messages. Nothing here imports Prefect before it is needed."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import App, Group, Parameter

from campaigns.errors import DefinitionError, LiandongError, Refused, UnreadableFile
from liandong.amending import register as register_amending
from liandong.arguments import USUAL_HOURS, AsOf, ChineseHelp, Hours, Json, hours, in_chinese
from liandong.database import db_app
from liandong.deciding import decide_app, register
from liandong.other_systems import register as register_other_systems
from liandong.overview import register as register_overview
from liandong.saying import moment, say, say_json
from liandong.scoring import register as register_scoring
from liandong.tracing import register as register_tracing

OK, PROBLEMS, UNREADABLE = 0, 1, 2
_VERDICTS = {
    "accepted": ("可以受理", OK),
    "returned": ("将退回修改", 1),
    "refused": ("不能受理", 2),
    "quarantined": ("将暂存待核", 3),
    "duplicate": ("重复报送", OK),
}

_FEW = 12  # names in a line
_COMMANDS, _OPTIONS, _ARGUMENTS = Group("命令"), Group("选项"), Group("参数")
Campaign = Annotated[str | None, Parameter(help="专项行动代码（只有一个时可省略）")]

app = App(
    name="liandong",
    help="联动：联合执法专项行动的分工、报表、催报与汇总。",
    version_flags=[],
    help_flags=["--help", "-h"],
    group_commands=_COMMANDS,
    group_parameters=_OPTIONS,
    group_arguments=_ARGUMENTS,
    error_formatter=lambda error: f"[red]{in_chinese(error)}[/red]",
    help_format="plaintext",
    help_formatter=ChineseHelp(),
)
app["--help"].help = "显示帮助"
app["--help"].group = _COMMANDS
prefect_app = App(
    name="prefect",
    help="Prefect 界面的维护。",
    version_flags=[],
    group_commands=_COMMANDS,
    group_parameters=_OPTIONS,
)
prefect_app["--help"].help = "显示帮助"
app.command(prefect_app)
app.command(decide_app)
app.command(db_app)
register(app)
register_overview(app)
register_tracing(app)
register_other_systems(app)
register_scoring(app)
register_amending(app)


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Return the exit code of a command: whatever goes wrong is told in Chinese, a fault of the program is written to a file."""
    try:
        result = app(list(words), exit_on_error=False, print_error=True, result_action="return_value")
    except cyclopts.CycloptsError:
        return UNREADABLE
    except DefinitionError as error:
        _show_problems(error.problems, zeros=False)  # what a command refuses may be only what forbids it
        return PROBLEMS
    except Refused as error:
        _complain("\n".join(error.reasons))
        return PROBLEMS
    except LiandongError as error:
        _complain(str(error))
        return UNREADABLE if isinstance(error, UnreadableFile) else PROBLEMS
    except BrokenPipeError:  # the reader has seen enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it closes the broken one
        return OK
    except KeyboardInterrupt:
        _complain("已中断")
        return 130
    except Exception:
        from liandong.faults import write_fault

        _complain(f"程序出错，详情已写入 {write_fault()}，请转交技术人员；数据没有丢失。")
        return 70
    return result if isinstance(result, int) else OK


@app.command
def init(
    *,
    office: Annotated[str, Parameter(help="办公室全称")],
    mailbox: Annotated[str, Parameter(help="办公室邮箱")],
    hours: Annotated[Hours, Parameter(converter=hours, accepts_keys=False, n_tokens=1, help="办公时间")] = USUAL_HOURS,
    folder: Annotated[Path | None, Parameter(help="收件文件夹（默认是数据文件夹里的 inbox）")] = None,
) -> int:
    """设立办公室：写设置、建文件夹。"""
    from integrations import settings
    from tasks.accounts import put_templates

    if (settings.home() / settings.FILE).exists():
        _complain(f"{settings.home()} 里已有办公室的设置；如需修改，请直接编辑 {settings.FILE}")
        return PROBLEMS
    made = settings.initialise(office, mailbox, hours.start, hours.end, folder.absolute() if folder else None)
    put_templates(made.home)
    say(f"已设立“{made.office}”，数据在 {made.home}")
    say(f"收件文件夹：{made.watched_folder}；信件写入：{made.home / 'outbox'}（设置 [smtp] 后才会发出）")
    say("下一步：liandong check 定义文件，然后 liandong launch 定义文件")
    return OK


@app.command
def doctor(*, json: Json = False) -> int:
    """检查本机能否正常运行。"""
    from liandong.doctor import examine

    found = examine()
    if json:
        say_json({"checks": [{"name": one.name, "status": one.status, "message": one.message} for one in found]})
    else:
        for one in found:
            say(f"{one.status}　{one.name}：{one.message}")
    return PROBLEMS if any(one.status == "不通" for one in found) else OK


@app.command
def check(
    definition: Annotated[Path, Parameter(help="定义文件，或已随程序提供的代码，如 hezhou-2020")],
    /,
    *,
    json: Json = False,
) -> int:
    """检查定义文件，一次列出全部问题。"""
    from liandong.definitions import checked, findings_document

    problems = checked(str(definition))
    if json:
        say_json({"findings": findings_document(problems)})
    else:
        _show_problems(problems)
    return PROBLEMS if any(one.severity == "error" for one in problems) else OK


@app.command
def check_file(file: Annotated[Path, Parameter(help="填好的报表")], /, *, json: Json = False) -> int:
    """核对一份填好的报表会得到什么结果，不报送、不登记。"""
    from tasks.verdict import verdict

    found = verdict(file)
    words, code = _VERDICTS[found.outcome.value]
    if json:
        keys = ("rule", "severity", "sheet", "cell", "value", "expected", "message")
        findings = [{key: getattr(one, key) for key in keys} for one in found.findings]
        say_json({"outcome": found.outcome.value, "findings": findings})
        return code
    say(words)
    for one in found.findings:
        place = f"{one.sheet}!{one.cell}" if one.cell else one.sheet
        say(f"{'错误' if one.severity == 'block' else '注意'}　{place}　{one.message}" if place else one.message)
    return code


@app.command
def plan(
    definition: Annotated[Path, Parameter(help="定义文件或代码")],
    /,
    *,
    against: Annotated[str | None, Parameter(help="与正在进行的专项行动（代码）比较：改用这个文件会有哪些变化")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """展开定义：谁做什么、何时报给谁（正在进行的，按现行安排）；或与正在进行的专项行动比较。"""
    from liandong.definitions import in_force, load, plan_document

    if against is not None:
        from liandong.amending import against as compare

        return compare(against, str(definition), moment(as_of), json=json)
    laid_out, standing = in_force(str(definition), load)
    document = {"standing": standing, **plan_document(laid_out)}
    if json:
        say_json(document)
    else:
        say(f"{laid_out.definition.campaign.title}：{standing}")
        _show_plan(document)
        _show_problems(laid_out.problems)
    return OK if laid_out.usable else PROBLEMS


@app.command
def rehearse(definition: Annotated[Path, Parameter(help="定义文件或代码")], /, *, json: Json = False) -> int:
    """下发之前预演一遍：哪天发多少信，谁的负担最重。"""
    from liandong.rehearsing import rehearsal_document, show_rehearsal

    document = rehearsal_document(str(definition))
    if json:
        say_json(document)
    else:
        show_rehearsal(document)
    return OK


@app.command
def calendar(*, as_of: AsOf = None, json: Json = False) -> int:
    """放假安排公布或改动后，正在进行的专项行动有哪些日期会不同。"""
    from liandong.calendar import calendar_document, show_calendar

    document = calendar_document(moment(as_of))
    if json:
        say_json(document)
    else:
        show_calendar(document)
    return OK


@app.command
def new(
    code: Annotated[str, Parameter(help="新定义的代码，如 hezhou-2023")],
    /,
    *,
    from_: Annotated[str, Parameter(name="--from", help="模板或上年专项行动的代码、文件")],
    set_: Annotated[
        tuple[str, ...],
        Parameter(name="--set", show_default=False, negative="", help="填写一项，如 节日=国庆节；可以写多次"),
    ] = (),
    to: Annotated[Path | None, Parameter(help="写到哪个文件（默认在数据文件夹的 definitions 里）")] = None,
) -> int:
    """由模板或上年的专项行动写一份新定义，没有给出的写“待定”。"""
    from liandong.definitions import checked, write_new

    path = write_new(code, from_, set_, to)
    say(f"已写好 {path}")
    problems = checked(str(path))
    _show_problems(problems)
    return PROBLEMS if any(one.severity == "error" for one in problems) else OK


@app.command
def draft(
    file: Annotated[Path, Parameter(help="责任分工表（.xlsx、.xls、.ods 或 .docx）")],
    /,
    *,
    code: Annotated[str, Parameter(help="新定义的代码，如 hezhou-2026")],
    directory: Annotated[str, Parameter(help="通讯录的代码")] = "待定",
    to: Annotated[Path | None, Parameter(help="写到哪个文件（默认在数据文件夹的 definitions 里）")] = None,
) -> int:
    """由责任分工表起草一份定义，每项注明出自哪一格，拿不准的写“待定”。"""
    from liandong.definitions import checked, write_draft

    path = write_draft(file, code, directory, to)
    say(f"已写好 {path}")
    _show_problems(checked(str(path)))
    return OK


@app.command
def schema(*, to: Annotated[Path | None, Parameter(help="写到哪个文件（默认显示在屏幕上）")] = None) -> int:
    """定义文件的 JSON Schema，供编辑器提示和核对。"""
    from campaigns.schema import schema as schema_of

    if to is None:
        say_json(schema_of())
        return OK
    to.write_text(json.dumps(schema_of(), ensure_ascii=False, indent=2) + "\n", "utf-8")
    say(f"已写好 {to}。在定义文件第一行写：# yaml-language-server: $schema={to.name}")
    return OK


@app.command
def launch(
    definition: Annotated[Path, Parameter(help="定义文件或代码")],
    /,
    *,
    confirm: Annotated[bool, Parameter(negative="", help="确认下发；不加则只预览，什么也不发")] = False,
    test_to: Annotated[str | None, Parameter(help="只发一封样信到这个邮箱")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """下发专项行动：先预览每一封信，确认后才发。"""
    from liandong.launching import launch as launch_it
    from tasks.preview import preview, send_sample

    now = moment(as_of)
    if test_to:
        say(f"样信已写好：{send_sample(str(definition), test_to, now)}")
        return OK
    letters = preview(str(definition), now)
    if json:
        say_json({"letters": letters, "sent": confirm})
    else:
        for one in letters:
            say(f"{one['when']}　{one['to']} <{one['email']}>　{one['subject']}　附件：{'、'.join(one['attachments'])}")
        say(f"共 {len(letters)} 封。")
    if not confirm:
        if not json:
            say("以上是预览，什么也没有发出。确认无误后加 --confirm 下发；加 --test-to 邮箱 可先发一封给自己。")
        return OK
    message = launch_it(str(definition), now)
    if not json:
        say(message)
    return OK


@app.command
def tick(*, as_of: AsOf = None) -> int:
    """走一步：收件、审核、下发、催报、汇总、发信。"""
    from flows.tick import tick as work

    return _work(work, as_of)


@app.command
def collect(*, as_of: AsOf = None) -> int:
    """收件：把收件文件夹里的来件入库、审核、回执。"""
    from flows.tick import collect as work

    return _work(work, as_of)


@app.command
def status(campaign: Campaign = None, /, *, as_of: AsOf = None, json: Json = False) -> int:
    """各报送期、各单位的报送情况。"""
    from liandong.views import show_status, status_document

    document = status_document(campaign, moment(as_of))
    if json:
        say_json(document)
    else:
        show_status(document)
    return OK


@app.command
def show(
    item: Annotated[str, Parameter(help="专项行动、报送期、应报、单位代码或回执号")], /, *, as_of: AsOf = None, json: Json = False
) -> int:
    """查看一个专项行动、报送期、应报、单位或来件。"""
    from liandong.views import item_document, show_item

    document = item_document(item, moment(as_of))
    if json:
        say_json(document)
    else:
        show_item(document)
    return OK


@app.command
def rollup(
    round: Annotated[str | None, Parameter(help="报送期（默认最近开启的一期）")] = None,
    /,
    *,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """汇总一个报送期：按当前情况写出汇总表。"""
    from liandong.views import roll_up

    record = roll_up(round, moment(as_of))
    if json:
        say_json({"round": record.round, "version": record.version, "file": record.file, "coverage": record.coverage})
    else:
        say(f"{record.coverage}\n汇总表：{record.file}（第{record.version}版）")
    return OK


@app.command
def report(
    round: Annotated[str | None, Parameter(help="报送期或专项行动代码（默认最近开启的一期）")] = None,
    /,
    *,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """写一个报送期的情况报告、情况通报和图表，按当前情况；没有变化的不重写。"""
    from liandong.views import the_round
    from tasks.accounts import write_documents

    chosen = the_round(round)
    return _show_documents(write_documents(chosen.campaign, chosen.id, moment(as_of)), json)


@app.command
def brief(
    round: Annotated[str | None, Parameter(help="报送期或专项行动代码（默认最近开启的一期）")] = None,
    /,
    *,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """写领导一页纸：卡在哪里、谁还没报、需要决定什么；docx 和手机上看的图片。"""
    from liandong.views import the_round
    from tasks.accounts import write_page

    chosen = the_round(round)
    return _show_documents(write_page(chosen.campaign, chosen.id, moment(as_of)), json)


@app.command
def archive(
    campaign: Campaign = None,
    /,
    *,
    to: Annotated[Path | None, Parameter(help="写到哪个文件夹（默认在数据文件夹的 archive 里）")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """归档：通知、下发记录、各单位原件、催办记录、汇总、报告，带目录和 SHA-256 清单。"""
    from campaigns.archive import by_folder
    from liandong.views import the_campaign
    from tasks.archiving import archive as put_away

    folder, files = put_away(the_campaign(campaign), to, moment(as_of))
    counts = by_folder(files)
    if json:
        say_json({"folder": str(folder), "files": len(files), "folders": counts})
    else:
        say(f"已归档到 {folder}：" + "，".join(f"{name}{count}件" for name, count in counts.items()))
        say("目录是“目录.xlsx”；核对文件有没有改动：在该文件夹里运行 sha256sum -c SHA256SUMS.txt")
    return OK


@app.command
def demo(*, out: Annotated[Path, Parameter(help="演示结果放在哪个文件夹")] = Path("demo")) -> int:
    """演示：贺州专项行动的前两期，从下发到汇总。"""
    from liandong.demo import run_demo

    run_demo(out.absolute(), say)
    return OK


@app.command
def serve(
    *,
    port: Annotated[int, Parameter(help="端口")] = 4200,
    host: Annotated[str, Parameter(help="监听地址；不是本机地址时须设口令")] = "127.0.0.1",
    web_port: Annotated[int | None, Parameter(help="同时在这个端口打开上传页面")] = None,
) -> int:
    """启动 Prefect 界面和定时运行，按 Ctrl+C 结束。"""
    from liandong.serving import serve as serve_it

    serve_it(host, port, web_port, say)
    return OK


@app.command
def web(
    *,
    port: Annotated[int, Parameter(help="端口")] = 4300,
    host: Annotated[str, Parameter(help="监听地址")] = "127.0.0.1",
) -> int:
    """打开各单位的上传页面和报送接口，按 Ctrl+C 结束。"""
    from liandong.door import keep_open

    keep_open(host, port, say)
    return OK


@app.command
def link(
    unit: Annotated[str, Parameter(help="单位代码或全称")],
    round: Annotated[str | None, Parameter(help="报送期（默认最近开启的一期）")] = None,
    /,
    *,
    renew: Annotated[bool, Parameter(negative="", help="换发新链接，旧链接立即作废")] = False,
    as_of: AsOf = None,
) -> int:
    """一个单位的上传链接；链接外泄时换发。"""
    from liandong.door import link_of

    say(link_of(unit, round, renew, moment(as_of)))
    return OK


@app.command
def cancel(
    campaign: Campaign = None,
    /,
    *,
    basis: Annotated[str | None, Parameter(help="撤销的依据")] = None,
    revive: Annotated[str | None, Parameter(help="恢复运行的理由（针对界面上被取消的专项行动）")] = None,
    as_of: AsOf = None,
) -> int:
    """撤销专项行动，或恢复界面上被误取消的专项行动。"""
    from liandong.views import the_campaign
    from liandong.window import refresh
    from tasks import campaign as campaigns

    now, code = moment(as_of), the_campaign(campaign)
    if bool(basis) == bool(revive):
        _complain("请用 --basis 写明撤销的依据，或用 --revive 写明恢复的理由，二者选一")
        return UNREADABLE
    if basis:
        campaigns.cancel(code, basis, now)
        say(f"已撤销 {code}，依据：{basis}。不再发信，已有数据全部保留。")
    elif revive:
        campaigns.revive(code, revive, now)
        say(f"已恢复 {code}。")
    refresh(now)
    return OK


@app.command
def verify(*, json: Json = False) -> int:
    """核对台账和文件有没有被人改动过，逐一指出。"""
    from tasks.record import verify as verify_it

    found = verify_it()
    if json:
        names = ("campaigns", "events", "files", "anchors", "faults", "anchor")
        say_json({name: getattr(found, name) for name in names})
    else:
        for one in found.faults:
            say(f"被改动　{one}")
        told = f"专项行动{found.campaigns}个，事件{found.events}条，文件{found.files}个，存证文件{found.anchors}份"
        say(f"已核对：{told}；{f'发现{len(found.faults)}处不符' if found.faults else '与存证完全相符'}。")
        if found.anchor:
            say(f"最近一份存证（请另外抄存一份）：{found.anchor}")
    return PROBLEMS if found.faults else OK


@app.command
def paper(
    kind: Annotated[
        Literal["urge", "supervise", "bulletin", "interview", "explain"],
        Parameter(help="urge 催办函、supervise 督办单、bulletin 通报、interview 约谈建议、explain 情况说明"),
    ],
    scope: Annotated[str | None, Parameter(help="单位代码、名称或报送期编号；不写则是有逾期的最近一期")] = None,
    /,
    *,
    out: Annotated[Path, Parameter(help="写到这个 .docx 文件")],
    as_of: AsOf = None,
) -> int:
    """拟一份待人签发的文书：只写已知的事，编号、日期、签字留空。"""
    from campaigns.definition import Paper
    from integrations.files import write_whole
    from tasks.papers import paper as draft_paper

    drafted = draft_paper(Paper(kind), scope, moment(as_of))
    write_whole(out.absolute(), drafted.data)
    say(f"已拟好{Paper(kind).chinese}：{out}，请核对、编号、签发。")
    return OK


@app.command
def resend(
    target: Annotated[str, Parameter(help="信件编号、outbox 里的文件名，或单位代码、名称（重发它没有送达的信）")],
    /,
    *,
    confirm: Annotated[bool, Parameter(negative="", help="确认重发；不加则只列出")] = False,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """重发没有送达的信件，例如改正邮箱之后；不加 --confirm 只列出。"""
    from tasks.sending import lost_letters
    from tasks.sending import resend as resend_them

    letters = lost_letters(target)
    if json:
        found = [{"key": one.key, "subject": one.subject, "was_sent_to": one.to_email, "to": to.email} for one, to in letters]
        say_json({"letters": found, "sent": confirm})
    else:
        for one, to in letters:
            ended = one.error or ("已发出" if one.sent_at else "待发")
            say(f"《{one.subject}》　原发 {one.to_email}（{ended}）　现发 {to.unit} {to.name} <{to.email}>")
    if confirm:
        made = resend_them(letters, moment(as_of))
        if not json:
            say(f"已重新排入 {made} 封，下一次运行（liandong tick）时发出。")
    elif not json:
        say("以上是预览，什么也没有重发。确认无误后加 --confirm。")
    return OK


@app.command
def backup(*, to: Annotated[Path, Parameter(help="备份文件（.zip）")]) -> int:
    """备份办公室的全部数据（Prefect 界面除外，它可以重画）。"""
    from liandong.backup import back_up

    say(f"已备份到 {back_up(to)}")
    return OK


@prefect_app.command
def deploy(*, pool: Annotated[str | None, Parameter(help="工作池；不写则由 liandong serve 运行")] = None) -> int:
    """在运行中的 Prefect 服务里登记部署、自动化规则和发信限流。"""
    from liandong.window import deploy as deploy_all

    made = deploy_all(pool)
    say(f"已登记 {len(made)} 个部署：{'、'.join(made)}")
    return OK


@prefect_app.command
def rebuild(*, as_of: AsOf = None) -> int:
    """按台账重画 Prefect 界面。"""
    from liandong.window import rebuild as redraw

    say(redraw(moment(as_of)))
    return OK


def _show_documents(made: Sequence[Any], json: bool) -> int:
    from integrations.settings import home

    if json:
        names = ("round", "version", "kind", "file", "sha256")
        say_json({"documents": [{name: getattr(one, name) for name in names} for one in made]})
    else:
        for one in made:
            say(f"{one.kind}（第{one.version}版）：{home() / one.file}")
    return OK


def _work(step: Callable[[datetime], object], as_of: datetime | None) -> int:
    """Return the exit code of one step of the office's work, after which the pages show how things stand."""
    from liandong.window import refresh
    from tasks.office import working_moment

    now = working_moment(as_of)
    step(now)
    page = refresh(now)
    say(f"已完成，台账已更新。{f'Prefect 界面：{page}' if page else ''}")
    return OK


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _show_problems(problems: Sequence[Any], *, zeros: bool = True) -> None:
    words = {"error": "错误", "asked": "待填", "warning": "注意", "assumption": "拟定"}
    for one in sorted(problems, key=lambda one: [*words].index(one.severity)):  # what must be mended first
        place = f"{Path(one.file).name}:{one.line}" if one.file else ""
        say(f"{words[one.severity]}　{place}　{one.message.removeprefix('拟定：')}")
    counts = {word: sum(one.severity == severity for one in problems) for severity, word in words.items()}
    say("，".join(f"{word} {count} 处" for word, count in counts.items() if count or zeros))


def _show_plan(document: dict[str, Any]) -> None:
    for duty in document["duties"]:
        say(f"{duty['number']:>3}. {duty['title']}")
        if duty["clause"]:
            say(f"     条款：{duty['clause']}")
        if duty["units"]:
            say(f"     责任单位（角色待定）：{'、'.join(duty['units'])}")
        else:
            say(f"     牵头：{'、'.join(duty['lead'])}")
        if duty["cooperating"]:
            say(f"     配合：{'、'.join(duty['cooperating'])}")
    for one in document["rounds"]:
        cited = f"；条款：{one['clause']}" if one["clause"] else ""
        covers = "至".join(dict.fromkeys(one["covers"]))
        say(f"报送期 {one['label']}（{one['id']}）：统计 {covers}，{one['opens']} 下发，{'，'.join(one['hops'])}{cited}")
    for one in document["debtors"]:
        names = one["departments"]
        few = "、".join(names[:_FEW]) + ("等" if len(names) > _FEW else "")
        say(f"应报单位 {one['title']}：{len(names)} 个{'，' if names else ''}{few}")
    for told in document["events"]:
        say(f"随时报送，不设时限：{told}")
    say(f"截止日期的算法：{document['convention']}；遇休息日，日期不变（定义另有规定的除外）")
    say(f"分工 {document['assignments']} 项，应报 {document['expected_reports']} 份，前后关系 {document['edges']} 条")


if __name__ == "__main__":
    main()
