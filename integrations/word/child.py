"""The disposable child process in which a prose document is parsed; a hostile one kills it, and nothing else.

python -m integrations.word.child [tables]  < document.docx  > paragraphs, or tables, as JSON
"""

import json
import resource
import sys
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

_MEMORY, _CPU_SECONDS = 2**29, 10
_MOST_PARAGRAPHS, _MOST_SIGNS = 20_000, 1_000_000
_OFF = ("0", "false", "off", "none")

Table = list[list[tuple[str, bool, bool]]]


class Unreadable(Exception):
    """A document we do not take: a code and the sentence to give."""


def main() -> None:
    """Read a document from standard input, write its paragraphs to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    try:
        data = sys.stdin.buffer.read()
        answer: dict[str, Any] = {"tables": tables(data)} if "tables" in sys.argv[1:] else {"paragraphs": paragraphs(data)}
    except Unreadable as error:
        answer = {"code": error.args[0], "message": error.args[1]}
    sys.stdout.write(json.dumps(answer))


def paragraphs(data: bytes) -> list[tuple[str, bool, bool]]:
    """Return the paragraphs of a document: text, whether its style is a heading, whether it begins in bold."""
    if b"%PDF" in data[:1024]:
        return [(line, False, False) for line in _lines_of_pdf(data)]
    with zipfile.ZipFile(BytesIO(data)) as archive:
        _refuse_links(archive)
        styles = _headings(archive)
        return _read(archive, styles)


def _lines_of_pdf(data: bytes) -> list[str]:
    """Return the lines of the text layer; a scan that is only pictures has none."""
    from pypdf import PdfReader  # only a pdf needs it

    lines: list[str] = []
    for page in PdfReader(BytesIO(data)).pages:
        lines += [line for line in page.extract_text().splitlines() if line.strip()]
        if len(lines) > _MOST_PARAGRAPHS or sum(map(len, lines)) > _MOST_SIGNS:
            raise Unreadable("too-large", "文档过长，请只报送盖章的扫描件本身")
    return lines


def tables(data: bytes) -> list[Table]:
    """Return the tables of a document, each as rows of cells: text, and whether it goes on from the cell above or to the left.

    A cell that spans columns is followed by empty ones, so that columns stay where they are. Tables within tables are left out.
    """
    with zipfile.ZipFile(BytesIO(data)) as archive:
        _refuse_links(archive)
        return _tables(archive)


def _tables(archive: zipfile.ZipFile) -> list[Table]:
    found: list[Table] = []
    texts: list[str] = []
    depth = signs = cells = 0
    span, merged = 1, False
    for event, element in _parse(archive, "word/document.xml", ("start", "end")):
        tag = _local(element.tag)
        if tag == "tbl":
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                found.append([])
            elif event == "end" and depth == 0:
                element.clear()
        if depth != 1:
            continue
        if event == "start":
            if tag == "tr":
                found[-1].append([])
            elif tag == "tc":
                texts, span, merged = [], 1, False
            continue
        if tag == "gridSpan":
            span = min(max(int(_value(element) or 1), 1), 100)
        elif tag == "vMerge":
            merged = _value(element) != "restart"
        elif tag == "gridBefore":
            found[-1][-1] += [("", False, False)] * min(max(int(_value(element) or 0), 0), 100)
        elif tag == "t" and element.text:
            signs += len(element.text)
            texts.append(element.text)
        elif tag in ("br", "cr", "p"):
            texts.append("\n")
        elif tag == "tc":
            cells += span
            found[-1][-1] += [("".join(texts).strip(), merged, False), *[("", merged, True)] * (span - 1)]
        if cells > _MOST_PARAGRAPHS or signs > _MOST_SIGNS:
            raise Unreadable("too-large", "文档里的表格过大")
    return found


def _refuse_links(archive: zipfile.ZipFile) -> None:
    """Raise when opening the document would fetch something: a template, an object, a picture from elsewhere."""
    for name in archive.namelist():
        if not (name.startswith("word/_rels/") and name.endswith(".rels")):
            continue
        for _, element in _parse(archive, name):
            kind = element.get("Type", "").rsplit("/", 1)[-1]
            if element.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
                raise Unreadable("external", "文档引用了外部文件（模板、图片或对象），未予打开；请把它们粘贴进文档后另存为 .docx")


def _headings(archive: zipfile.ZipFile) -> frozenset[str]:
    """Return the ids of the styles that are headings, by name, outline level, or what they are based on."""
    if "word/styles.xml" not in archive.namelist():
        return frozenset()
    known: dict[str, tuple[bool, str]] = {}
    for _, element in _parse(archive, "word/styles.xml"):
        if _local(element.tag) != "style":
            continue
        told = {_local(child.tag): child for child in element}
        name = _value(told.get("name")).lower()
        outline = any(_local(inner.tag) == "outlineLvl" and _value(inner) != "9" for inner in told.get("pPr", ()))
        heads = name.startswith(("heading", "标题")) or outline
        known[_attribute(element, "styleId")] = (heads, _value(told.get("basedOn")))
    return frozenset(one for one in known if _heads(one, known))


def _heads(style: str, known: Mapping[str, tuple[bool, str]]) -> bool:
    for _ in range(10):
        heads, base = known.get(style, (False, ""))
        if heads or not base:
            return heads
        style = base
    return False


def _read(archive: zipfile.ZipFile, styles: frozenset[str]) -> list[tuple[str, bool, bool]]:
    found: list[tuple[str, bool, bool]] = []
    signs = 0
    texts: list[str] = []
    heading = bold = begun = run_bold = False
    for event, element in _parse(archive, "word/document.xml", ("start", "end")):
        tag = _local(element.tag)
        if event == "start":
            if tag == "p":  # a text box holds paragraphs within a paragraph: what stood before it is one of its own
                if text := "".join(texts).strip():
                    found.append((text, heading, bold))
                texts, heading, bold, begun = [], False, False, False
            elif tag == "r":
                run_bold = False
            continue
        if tag == "pStyle":
            heading |= _value(element) in styles
        elif tag == "outlineLvl":
            heading |= _value(element) != "9"
        elif tag == "b":
            run_bold = _value(element).lower() not in _OFF
        elif tag in ("br", "cr"):
            texts.append("\n")
        elif tag == "tab":
            texts.append(" ")
        elif tag == "t" and element.text:
            if not begun and element.text.strip():
                begun, bold = True, run_bold
            signs += len(element.text)
            texts.append(element.text)
        elif tag == "p":
            if text := "".join(texts).strip():
                found.append((text, heading, bold))
            texts = []
            element.clear()
        if len(found) > _MOST_PARAGRAPHS or signs > _MOST_SIGNS:
            raise Unreadable("too-large", "文档过长，请只报送工作总结本身")
    return found


def _parse(archive: zipfile.ZipFile, name: str, events: tuple[str, ...] = ("end",)) -> Any:
    return iterparse(archive.open(name), events=events, forbid_dtd=True)


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _attribute(element: Any, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


def _value(element: Any) -> str:
    return "" if element is None else _attribute(element, "val")
