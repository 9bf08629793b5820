"""Looking over the machine: a line for each thing that must work, with the remedy."""

import importlib.metadata
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.errors import LiandongError
from integrations import clock, settings
from integrations.calendar import workdays
from integrations.pictures import chinese_font


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: 正常, 注意 or 不通, and what to do."""

    name: str
    status: str
    message: str


def examine() -> list[Check]:
    """Return what was found, in the order in which it matters."""
    return [check for part in (_python, _office, _versions, _calendar, _fonts, _telemetry, _smtp, _imap) for check in part()]


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
    for package, too_new in (("fastapi", (0, 151)), ("sqlalchemy", (2, 1)), ("prefect", (3, 9))):
        version = importlib.metadata.version(package)
        numbers = tuple(int(part) for part in version.split(".")[:2])
        fine = numbers < too_new
        remedy = "" if fine else f"，已知不能用，请按 constraints.txt 重新安装（须低于 {'.'.join(map(str, too_new))}）"
        yield Check(f"组件 {package}", "正常" if fine else "不通", version + remedy)


def _calendar() -> Iterator[Check]:
    year = clock.now().year
    published = workdays(year, year + 1, settings.home() / "calendar").published
    known = max(published, default=0)
    fine = year in published
    message = f"放假安排已知到 {known} 年" if known else "没有放假安排"
    yield Check("日历", "正常" if fine else "注意", message + ("" if fine else f"，请在 calendar/{year}.yaml 中补充"))


def _fonts() -> Iterator[Check]:
    font = chinese_font()
    yield Check(
        "中文字体", "正常" if font else "注意", font or "没有找到，图片中的汉字无法显示，请安装 fonts-noto-cjk 或文泉驿字体"
    )


def _telemetry() -> Iterator[Check]:
    yield Check("外发统计", "正常", "由本程序启动的 Prefect 一律关闭统计上报")


def _smtp() -> Iterator[Check]:
    try:
        smtp = settings.load().smtp
    except LiandongError:
        return
    if smtp is None:
        yield Check("发信", "注意", "没有设置 [smtp]，信件只写入 outbox 文件夹")
        return
    yield _reach("发信", smtp.host, smtp.port)


def _imap() -> Iterator[Check]:
    try:
        imap = settings.load().imap
    except LiandongError:
        return
    if imap is None:
        yield Check("收信", "注意", "没有设置 [imap]，只收收件文件夹里的文件")
        return
    yield _reach("收信", imap.host, imap.port)


def _reach(name: str, host: str, port: int) -> Check:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return Check(name, "不通", f"连不上 {host}:{port}，请检查网络和设置")
    return Check(name, "正常", f"{host}:{port} 可以连接")
