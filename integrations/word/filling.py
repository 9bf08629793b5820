"""A template and what is to stand in it -> a .docx; a template that asks for what there is not is told in Chinese.

What comes from outside is set as text: braces in it stay braces, markup stays signs.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

from docx import Document
from docx.image.image import Image
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from campaigns.account import Account, Chapter, Quote, numeral
from campaigns.errors import Conflict
from campaigns.leader_page import Page
from campaigns.plain import legible
from integrations.word.official import fit_columns, saved


def filled_account(template: bytes, name: str, told: Account, charts: Sequence[bytes] = ()) -> bytes:
    """Return the report or the bulletin of a round, set in a template; Conflict says what is wrong with the template."""
    return _filled(template, name, _facts(told), charts)


def filled_page(template: bytes, name: str, told: Page) -> bytes:
    """Return the leader's page, set in a template; Conflict says what is wrong with the template."""
    at = told.facts
    return _filled(
        template,
        name,
        {
            "简称": at.campaign,
            "办公室": at.office,
            "报送期": at.round_label,
            "截至": at.as_of,
            "进度": told.progress,
            "数据": told.numbers,
            "卡点": at.stuck,
            "单位": at.who,
            "待决定": at.decide,
            "下一个日期": at.ahead,
            "变化": "".join(told.changes),
        },
    )


def _facts(told: Account) -> dict[str, Any]:
    chapters = [_chapter(number, one) for number, one in enumerate(told.chapters, start=2)]
    return {
        "行动": told.campaign,
        "简称": told.short_title,
        "文号": f"（{told.doc_no}）" if told.doc_no else "",
        "办公室": told.office,
        "报送期": told.round_label,
        "统计期间": told.covers,
        "截至": told.as_of,
        "报送情况": told.standing,
        "主要数据": told.figures,
        "章节": chapters,
        "下期序": numeral(len(chapters) + 2),
        "下期安排": told.ahead,
        "任务进展": [
            {"任务": one.duty, "名称": one.title, "牵头": one.leads, "摘录": _quotes(one.quotes)} for one in told.progress
        ],
        "汇总表": {"列": told.totals.columns, "行": told.totals.rows},
        "单位表": told.units.rows,
        "附表": [{"题": one.title, "列": one.columns, "行": one.rows} for one in told.more],
        "图表": (),
    }


def _chapter(number: int, one: Chapter) -> dict[str, Any]:
    missing = f"工作总结中没有写这一部分的单位：{'、'.join(one.silent)}。" if one.silent else ""
    if not one.quotes and not missing:
        missing = "没有收到这方面的材料。"
    return {"序": numeral(number), "标题": one.title, "摘录": _quotes(one.quotes), "没有": missing}


def _quotes(quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    return [
        {"序": numeral(number), "单位": one.unit, "段落": one.paragraphs, "出处": one.source}
        for number, one in enumerate(quotes, start=1)
    ]


def _filled(template: bytes, name: str, facts: Mapping[str, Any], charts: Sequence[bytes] = ()) -> bytes:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    try:
        document = DocxTemplate(BytesIO(template))
        asked = document.get_undeclared_template_variables(environment)
        if unknown := sorted(asked - facts.keys()):
            raise Conflict(f"模板“{name}.docx”里的{_listed(unknown)}没有对应的内容；可以用的有：{'、'.join(facts)}")
        drawn = {_widths(one) for one in Document(BytesIO(template)).tables if "{%tc" not in one._tbl.xml}
        pictures = {"图表": [_picture(document, one) for one in charts]} if charts else {}
        document.render({**_plain(facts), **pictures}, environment)
        for one in document.docx.tables:
            if _widths(one) not in drawn:  # its columns were repeated: nobody has set their widths
                fit_columns(one, _room(document.docx, one))
        return saved(document)
    except TemplateSyntaxError as error:
        raise Conflict(f"模板“{name}.docx”里的写法不完整：{_chinese(error.message or '')}；请对照随程序提供的模板改正") from None
    except UndefinedError as error:
        raise Conflict(
            f"模板“{name}.docx”里用了没有的内容：{_chinese(error.message or '')}；请对照随程序提供的模板改正"
        ) from None
    except (SecurityError, TemplateError, TypeError, ValueError, ArithmeticError):
        raise Conflict(f"模板“{name}.docx”里的算式不能计算，请对照随程序提供的模板改正") from None
    except (PackageNotFoundError, BadZipFile, KeyError, OSError):
        raise Conflict(f"模板“{name}.docx”不是 .docx 文档，或已经损坏；删去后会重新使用随程序提供的模板") from None


def _picture(document: Any, chart: bytes) -> Any:
    """Return a chart as a template takes it, as large as a page has room for."""
    width, height = Image.from_blob(chart).px_width, Image.from_blob(chart).px_height
    return InlineImage(document, BytesIO(chart), width=Mm(min(150.0, 200.0 * width / height)))


def _widths(table: Any) -> tuple[int | None, ...]:
    return tuple(column.width for column in table.columns)


def _room(document: Any, table: Any) -> float:
    """Return how many millimetres wide a table may be: its own section's text area."""
    ends = [one for one in table._tbl.itersiblings() if one.tag == qn("w:sectPr") or one.find(f".//{qn('w:sectPr')}") is not None]
    place = len(document.sections) - len(ends)
    section = document.sections[max(place, 0)]
    return float((section.page_width - section.left_margin - section.right_margin) / Mm(1))


def _listed(names: Iterable[str]) -> str:
    return "、".join(f"“{{{{ {name} }}}}”" for name in names)


def _chinese(message: str) -> str:
    """Return the names a message of the library speaks of, without its English."""
    named = [one for one in re.findall(r"'([^']+)'", message) if re.search("[\u4e00-\u9fff]", one)]
    if named:
        return "、".join(f"“{one}”" for one in dict.fromkeys(named))
    return "有一处 {% for %} 或 {% if %} 没有对应的 {% endfor %} 或 {% endif %}，或花括号没有成对"


def _plain(value: Any) -> Any:
    """Return facts with every text fit for XML, on one line: line ends and tabs would become markup of the library."""
    if isinstance(value, str):
        return " ".join(legible(value).split()) if "\n" in value or "\t" in value or "\r" in value else legible(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
