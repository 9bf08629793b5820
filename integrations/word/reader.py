"""A prose document as it arrived -> its paragraphs, or a refusal in one Chinese sentence. Nothing is parsed in this process."""

import json
import subprocess
import sys
import zipfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import integrations
from campaigns.parts import Document, Paragraph
from campaigns.submission import Refusal

_ROOT = str(Path(integrations.__path__[0]).parent)
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from integrations.word.child import main; main()"
_WALL_SECONDS = 20.0
_MOST_BYTES, _MOST_UNPACKED, _MOST_ENTRIES, _MOST_RATIO, _RATIO_FROM = 30 * 2**20, 200 * 2**20, 3_000, 100, 1_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "请在 WPS 或 Word 中打开后另存为 .docx，重新报送"


def read(data: bytes) -> Document | Refusal:
    """Return the paragraphs of a .docx, or why it cannot be taken and how to mend it."""
    return _guard(data) or _document(data)


def read_scan(data: bytes) -> Document | None:
    """Return the text layer of a pdf; None when there is none to be had: a scan is kept and shown whatever it is."""
    if b"%PDF" not in data[:1024] or len(data) > _MOST_BYTES:
        return None
    found = _document(data)
    return found if isinstance(found, Document) and found.paragraphs else None


def read_tables(data: bytes) -> list[list[list[tuple[str, bool, bool]]]] | Refusal:
    """Return the tables of a .docx, as rows of cells, or why it is not taken.

    Of each cell its text, and whether it goes on from the one above or the one to the left.
    """
    answer = _guard(data) or _parsed(data, "tables")
    if isinstance(answer, Refusal):
        return answer
    try:
        return [[[(str(text), bool(up), bool(left)) for text, up, left in row] for row in table] for table in answer["tables"]]
    except (KeyError, TypeError, ValueError):
        return _unreadable()


def _document(data: bytes) -> Document | Refusal:
    answer = _parsed(data)
    if isinstance(answer, Refusal):
        return answer
    try:
        return Document(tuple(Paragraph(text, heading, bold) for text, heading, bold in answer["paragraphs"]))
    except (ValueError, KeyError, TypeError):
        return _unreadable()


def _parsed(data: bytes, *words: str) -> dict[str, Any] | Refusal:
    command = [sys.executable, "-I", "-c", _START, _ROOT, *words]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_WALL_SECONDS, check=False, env={})
    except subprocess.TimeoutExpired:
        return Refusal("timeout", f"文档过于复杂，读取超时，请删去图片等内容后{_SAVE_AS[1:]}")
    try:
        answer = json.loads(done.stdout)
        return Refusal(answer["code"], answer["message"]) if "code" in answer else dict(answer)
    except (ValueError, KeyError, TypeError):
        return _unreadable()


def _unreadable() -> Refusal:
    return Refusal("unreadable", f"文档无法读取（内容异常或已损坏），{_SAVE_AS}")


def _guard(data: bytes) -> Refusal | None:
    """Return why the bytes are not even given to the child: what they are, how large they say they are."""
    if not data:
        return Refusal("empty", "文件是空的（0字节），可能没有保存完就发送了，请重新保存后再报送")
    if len(data) > _MOST_BYTES:
        return Refusal("too-large", "文档超过30MB，请压缩其中的图片后再报送")
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return Refusal("locked", "文档设有打开密码，请取消密码后重新报送")
        return Refusal("old-format", f"这是旧格式（.doc、.wps）的文档，{_SAVE_AS}")
    if not data.startswith(b"PK"):
        return Refusal("other-kind", f"这不是 .docx 文档，{_SAVE_AS}")
    try:
        entries = zipfile.ZipFile(BytesIO(data)).infolist()
    except Exception:  # zipfile has many ways to fail on a hostile directory
        return Refusal("truncated", "文件不完整，可能没有传完或已损坏，请重新保存、重新发送")
    bomb = Refusal("bomb", "文档解压后过大，疑似异常压缩，未予打开；请另存后重新报送")
    if len(entries) > _MOST_ENTRIES or sum(one.file_size for one in entries) > _MOST_UNPACKED:
        return bomb
    if any(one.file_size > _RATIO_FROM and one.file_size > _MOST_RATIO * one.compress_size for one in entries):
        return bomb
    spans = sorted((one.header_offset, one.header_offset + 30 + one.compress_size) for one in entries)
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        return bomb  # entries that share bytes
    names = [one.filename for one in entries]
    if "word/document.xml" not in names:
        return Refusal("other-kind", f"这不是 .docx 文档，{_SAVE_AS}")
    if len(names) != len(set(names)) or any(one.flag_bits & 1 for one in entries):
        return _unreadable()
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return Refusal("macros", f"文档含有宏，未予打开，{_SAVE_AS}（不要选“启用宏的文档”）")
    return None
