"""What the command line takes, and what it says when it cannot: all in Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, get_args

import cyclopts
from cyclopts import Parameter
from cyclopts.help import HelpEntry, HelpPanel
from cyclopts.help.inline_text import InlineText
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions

from campaigns.workdays import SHANGHAI


@dataclass(frozen=True, slots=True)
class Hours:
    """Office hours of a day."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


USUAL_HOURS = Hours(time(8, 30), time(17, 30))


Json = Annotated[bool, Parameter(name="--json", negative="", help="输出供程序读取的 JSON")]


def day(_: Any, tokens: Sequence[cyclopts.Token]) -> date:
    """Return an office date from an ISO text."""
    try:
        return date.fromisoformat(tokens[0].value)
    except ValueError:
        raise ValueError(f"“{tokens[0].value}”不是日期，应写成 2020-12-10") from None


def hours(_: Any, tokens: Sequence[cyclopts.Token]) -> Hours:
    """Return office hours from `08:30-17:30`; ValueError, in Chinese, otherwise."""
    try:
        start, end = (time.fromisoformat(part.strip()) for part in tokens[0].value.split("-"))
    except ValueError:
        raise ValueError(f"“{tokens[0].value}”不是办公时间，应写成 08:30-17:30") from None
    if end <= start:
        raise ValueError(f"“{tokens[0].value}”的下班时间不晚于上班时间，应写成 08:30-17:30")
    return Hours(start, end)


def moment(_: Any, tokens: Sequence[cyclopts.Token]) -> datetime:
    """Return an instant in UTC from an ISO text; one without an offset is office time."""
    try:
        found = datetime.fromisoformat(tokens[0].value)
    except ValueError:
        raise ValueError(f"“{tokens[0].value}”不是时间，应写成 2020-11-26T08:30") from None
    if not 2000 <= found.year <= 2100:
        raise ValueError(f"“{tokens[0].value}”不在2000年至2100年之间，请核对年份")
    return (found if found.tzinfo else found.replace(tzinfo=SHANGHAI)).astimezone(UTC)


AsOf = Annotated[
    datetime | None, Parameter(name="--as-of", converter=moment, help="以这一时刻为准，如 2020-11-26T08:30（默认现在）")
]


def in_chinese(error: cyclopts.CycloptsError) -> str:
    """Return what went wrong with the words typed, in Chinese."""
    asked = "、".join(_NAMES.get(name, name) for name in error.argument.names) if error.argument is not None else ""
    match error:
        case cyclopts.UnknownCommandError():
            words = " ".join(error.unused_tokens or error.root_input_tokens or [])
            return f"没有“{words}”这个命令，请运行 liandong --help 查看全部命令"
        case cyclopts.MissingArgumentError():
            return f"缺少 {asked or '参数'}，请加 --help 查看用法"
        case cyclopts.UnknownOptionError():
            return f"没有“{error.token.value or error.token.keyword}”这个选项，请加 --help 查看用法"
        case cyclopts.UnusedCliTokensError():
            return f"多余的内容：{' '.join(error.unused_tokens or [])}"
        case cyclopts.CoercionError():
            said, choices = str(error.msg or ""), [one for one in get_args(error.target_type) if isinstance(one, str)]
            wanted = f"，可以写 {'、'.join(choices)}" if choices else "，应写成整数" if error.target_type is int else ""
            wrong = f"“{error.token.value if error.token else ''}”不是 {asked} 能用的值{wanted}"
            return said if said and not said.isascii() else wrong
        case _:
            return f"命令写法不对{f'（{asked}）' if asked else ''}，请加 --help 查看用法"


_NAMES = {
    "CAMPAIGN": "代码",
    "CODE": "代码",
    "DEFINITION": "定义",
    "DEFINITIONS": "代码…",
    "ENVELOPE": "回执号",
    "FILE": "文件",
    "ITEM": "代码",
    "ITEMS": "代码…",
    "KIND": "文书",
    "PLACE": "代码",
    "ROUND": "代码",
    "SCOPE": "代码",
    "TARGET": "信件",
    "UNIT": "单位",
}  # what is typed without an option, as officers call it
_WORDS = {
    **_NAMES,
    "[OPTIONS]": "[选项]",
    "COMMAND": "命令",
    "[ARGS...]": "[代码…]",
    "[ARGS]": "[代码]",
    "STR": "文字",
    "PATH": "路径",
}


class ChineseHelp:
    """Help as plain Chinese lines: cyclopts' own formatters write 用法, 必填 and defaults in English."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one group of commands or options."""
        if not panel.entries:
            return
        names = [_names(entry) for entry in panel.entries]
        width = max(cell_len(name) for name in names) + 4
        lines = [
            f"  {name}{' ' * (width - cell_len(name))}{_said(entry)}" for name, entry in zip(names, panel.entries, strict=True)
        ]
        console.print("\n".join([f"{panel.title}：", *lines, ""]), highlight=False, markup=False, soft_wrap=True)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print how the command is written."""
        words = " ".join(_WORDS.get(word, word) for word in str(usage).split())
        console.print(f"用法：{words}\n", highlight=False, markup=False, soft_wrap=True)

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Print what the command is for."""
        if description:
            console.print(description, highlight=False, soft_wrap=True)


def _names(entry: HelpEntry) -> str:
    return " ".join(_NAMES.get(label, label) for label in entry.display_labels)


def _said(entry: HelpEntry) -> str:
    described = entry.description
    parts = (described.primary_renderable, *described.texts) if isinstance(described, InlineText) else (described or "",)
    said = " ".join(str(part) for part in parts).strip()
    if entry.required:
        return f"{said}（必填）"
    return f"{said}（默认 {entry.default}）" if entry.default and entry.default != "False" else said
