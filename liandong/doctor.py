"""Looking over the machine: a line for each thing that must work, with the remedy."""

import importlib.metadata
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from httpx import HTTPError, get

from campaigns.errors import LiandongError
from campaigns.workdays import office_date, office_time
from integrations import clock, settings
from integrations.calendar import workdays
from integrations.cluster import out_of_reach
from integrations.inbox.imap import ImapAccount
from integrations.inbox.imap import log_in as imap_log_in
from integrations.mail.smtp import SmtpAccount
from integrations.mail.smtp import log_in as smtp_log_in
from integrations.pictures import chinese_font
from liandong.window import not_running, running_server

_BUILT = date(2026, 1, 1)  # of this release: a clock that stands before it, or long after, is wrong
_LONGEST_SERVICE = 10  # years
_LEAST_FREE = 5  # GB
_HOLIDAYS_KNOWN_IN = 12  # the month in which next year's holidays should be known


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: 正常, 注意 or 不通, and what to do."""

    name: str
    status: str
    message: str


def examine() -> list[Check]:
    """Return what was found, in the order in which it matters."""
    return [check for part in _PARTS for check in part()]


def _python() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Check("运行环境", "正常" if fine else "不通", f"Python {version}" + ("" if fine else "，需要 3.11 或更新"))


def _office() -> Iterator[Check]:
    try:
        found = settings.load()
        writable = os.access(found.home, os.W_OK)
        yield Check(
            "办公室",
            "正常" if writable else "不通",
            f"{found.office}，数据在 {found.home}" + ("" if writable else "，但不能写入"),
        )
        from tasks.office import office

        with office().ledger() as ledger:
            count = len(ledger.campaigns())
        yield Check("台账", "正常", f"可以读写，有 {count} 个专项行动")
    except LiandongError as error:
        yield Check("办公室", "注意", str(error))
    except Exception as error:
        yield Check("台账", "不通", f"打不开（{type(error).__name__}），请检查 settings.toml 中的 database_url 和磁盘")


def _versions() -> Iterator[Check]:
    # what is known to break: docs/decisions/0002
    for package, too_new in (("fastapi", (0, 151)), ("sqlalchemy", (2, 1)), ("prefect", (3, 9)), ("apprise", (2,))):
        version = importlib.metadata.version(package)
        numbers = tuple(int(part) for part in version.split(".")[:2])
        fine = numbers < too_new
        remedy = "" if fine else f"，已知不能用，请按 constraints.txt 重新安装（须低于 {'.'.join(map(str, too_new))}）"
        yield Check(f"组件 {package}", "正常" if fine else "不通", version + remedy)


def _calendar() -> Iterator[Check]:
    today = clock.now()
    published = workdays(today.year, today.year + 1, settings.home() / "calendar").published
    known = max(published, default=0)
    # the State Council's notice for the next year usually comes in November
    wanted = today.year + (office_date(today).month >= _HOLIDAYS_KNOWN_IN)
    missing = [year for year in range(today.year, wanted + 1) if year not in published]
    message = f"放假安排已知到 {known} 年" if known else "没有放假安排"
    later = f"，{missing[0]} 年的公布后请写进 calendar/{missing[0]}.yaml，在此之前那一年的日期都是暂定" if missing else ""
    yield Check("日历", "注意" if missing else "正常", message + later)


def _clock() -> Iterator[Check]:
    year = clock.now().year
    built = _BUILT.year
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        yield Check("时区", "不通", "没有时区数据，算不出北京时间，请安装 tzdata")
        return
    fine = built <= year <= built + _LONGEST_SERVICE
    now = f"{office_time(clock.now()):%Y-%m-%d %H:%M}（北京时间）"
    yield Check("时钟", "正常" if fine else "注意", now if fine else f"{now}，与程序的年份不符，请校准系统时钟（建议用 NTP）")


def _disk() -> Iterator[Check]:
    folder = settings.home()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    fine = free >= _LEAST_FREE
    remedy = "" if fine else f"，少于 {_LEAST_FREE} GB，请腾出空间：空间用尽时来件收不进来"
    yield Check("磁盘", "正常" if fine else "注意", f"{folder} 还有 {free:.1f} GB{remedy}")


def _ports() -> Iterator[Check]:
    for name, port, ours in (("Prefect 界面", 4200, _is_our_server), ("上传页面", 4300, _is_our_page)):
        with socket.socket() as probe:
            # as servers do: one that has just been stopped is no obstacle
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                if ours(port):
                    yield Check(f"端口 {port}", "正常", f"{name}正在运行")
                    continue
                yield Check(f"端口 {port}", "注意", f"已被别的程序占用，{name}请用 --port 换一个")
            else:
                yield Check(f"端口 {port}", "正常", f"空闲，可供{name}使用")


def _is_our_server(port: int) -> bool:
    with suppress(LiandongError):
        return urlsplit(running_server() or "").port == port
    return False


def _is_our_page(port: int) -> bool:
    with suppress(HTTPError):  # it asks for the key of a link
        return get(f"http://127.0.0.1:{port}/api/v1/form", timeout=2).status_code == HTTPStatus.UNAUTHORIZED
    return False


def _fonts() -> Iterator[Check]:
    font = chinese_font()
    yield Check(
        "中文字体", "正常" if font else "注意", font or "没有找到，图片中的汉字无法显示，请安装 fonts-noto-cjk 或文泉驿字体"
    )


def _telemetry() -> Iterator[Check]:
    wanted = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    set_here = all(os.environ.get(name, "").lower() == value for name, value in wanted.items())
    told = "由本程序启动的 Prefect 一律关闭统计上报，页面不许访问本机以外的地址"
    rest = "" if set_here else f"；直接使用 prefect 命令时请设 {' '.join(f'{name}={value}' for name, value in wanted.items())}"
    yield Check("外发统计", "正常", told + rest)


def _schedules() -> Iterator[Check]:
    try:
        url = running_server()
    except LiandongError:
        return
    if url is None:
        yield Check(
            "定时运行", "注意", "Prefect 服务没有运行，到期的事不会自动做：请运行 liandong serve，或定时运行 liandong tick"
        )
        return
    # where the clock stands still, nothing says when it last ran
    wrong = None if settings.load().fixed_clock else not_running(url, clock.now())
    yield Check("定时运行", "注意" if wrong else "正常", wrong or f"Prefect 服务在运行：{url.removesuffix('/api')}")


def _cluster() -> Iterator[Check]:
    with suppress(LiandongError):
        if scheduler := settings.load().dask:
            wrong = out_of_reach(scheduler)
            yield Check("批量读取", "注意" if wrong else "正常", wrong or f"Dask 在运行：{scheduler}")


def _smtp() -> Iterator[Check]:
    try:
        smtp = settings.load().smtp
    except LiandongError:
        return
    if smtp is None:
        yield Check("发信", "注意", "没有设置 [smtp]，信件只写入 outbox 文件夹")
        return
    password = smtp.password.get_secret_value()
    account = SmtpAccount(smtp.host, smtp.port, smtp.security, smtp.user, password, smtp.ca_file)
    yield _tried("发信", f"{smtp.host}:{smtp.port}", partial(smtp_log_in, account))


def _imap() -> Iterator[Check]:
    try:
        imap = settings.load().imap
    except LiandongError:
        return
    if imap is None:
        yield Check("收信", "注意", "没有设置 [imap]，只收收件文件夹里的文件")
        return
    password = imap.password.get_secret_value()
    account = ImapAccount(imap.host, imap.port, imap.security, imap.user, password, imap.folder, imap.ca_file)
    yield _tried("收信", f"{imap.host}:{imap.port}", partial(imap_log_in, account))


def _tried(name: str, where: str, log_in: Callable[[], None]) -> Check:
    try:
        log_in()
    except LiandongError as error:
        return Check(name, "不通", str(error))
    return Check(name, "正常", f"{where} 可以登录")


_PARTS = (_python, _office, _versions, _clock, _calendar, _fonts, _disk, _ports, _schedules, _cluster, _telemetry, _smtp, _imap)
