"""What a file is, told from its bytes without parsing it, and whether it is safe to open at all.

Declared sizes come from the zip's own directory; nothing is unpacked here.
"""

import zipfile
from io import BytesIO
from itertools import pairwise

from campaigns.submission import Refusal

_MOST_BYTES = 20 * 2**20
_MOST_UNPACKED = 100 * 2**20
_MOST_ENTRIES = 5_000
_MOST_RATIO, _RATIO_FROM = 100, 100_000  # a part may be a hundred times its packed size, once it is worth asking
_LOCK_FILE_SIZES = (162, 165)  # what Office leaves beside an open document
_ASK = "请在 WPS 或 Excel 中打开下发的报表填写，另存为 .xlsx 后重新报送"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = (
    (b"%PDF", "PDF 文件"),
    (b'x\x9f>"', "邮件软件打包的附件（winmail.dat）"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"BM", "图片"),
)


def guard(data: bytes) -> Refusal | str:
    """Return the kind of workbook the bytes are (xlsx, xls, ods), or why they are not taken."""
    if not data:
        return Refusal("empty", "文件是空的（0字节），可能没有保存完就发送了，请重新保存后再报送")
    if len(data) > _MOST_BYTES:
        return Refusal("too-large", "文件超过20MB，请删去图片等与报表无关的内容后再报送")
    if data.startswith(OLE):
        return "xls"
    if data.startswith(b"PK"):
        return _zip(data)
    if len(data) in _LOCK_FILE_SIZES and data[0] < 60:
        return Refusal("lock-file", "这是打开表格时产生的临时文件（文件名以“~$”开头），不是报表，请关闭表格后发送报表本身")
    for magic, name in _OTHER_KINDS:
        if data.startswith(magic):
            return Refusal("other-kind", f"这是{name}，不是表格，{_ASK}")
    return _text(data)


def _text(data: bytes) -> Refusal:
    head = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\x00", b"").lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        return Refusal("xml", f"这是旧式 XML 表格，无法读取，{_ASK}")
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta")) or b"<html" in head:
        return Refusal("html", f"这是网页不是表格（只是文件名像表格），{_ASK}")
    if b"\x00" not in data[:4096]:
        for encoding in ("utf-8", "gb18030"):
            try:
                data.decode(encoding)
            except UnicodeDecodeError:
                continue
            return Refusal("text", f"这是纯文本（如 CSV），不是表格，{_ASK}")
    return Refusal("unknown", f"无法识别这个文件，它不是表格或已经损坏，{_ASK}")


def _zip(data: bytes) -> Refusal | str:
    bomb = Refusal("bomb", "文件解压后过大，疑似异常压缩，未予打开；请用下发的报表重新填报")
    broken = Refusal("truncated", "文件不完整，可能没有传完或已损坏，请重新保存、重新发送")
    if data.count(b"PK\x01\x02") > _MOST_ENTRIES:
        return bomb  # counted before the list of parts is read: reading a list of half a million takes seconds
    try:
        entries = zipfile.ZipFile(BytesIO(data)).infolist()
    except Exception:  # the list itself is damaged, which zipfile tells in half a dozen ways
        return broken
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        return bomb
    if any(entry.file_size > _RATIO_FROM and entry.file_size > _MOST_RATIO * entry.compress_size for entry in entries):
        return bomb
    ends = sorted((entry.header_offset, entry.header_offset + 30 + entry.compress_size) for entry in entries)
    if any(end > start for (_, end), (start, _) in pairwise(ends)):
        return bomb  # entries that share bytes
    if not ends or ends[0][0] != 0 or len(names) != len(set(names)):
        return broken
    if any(entry.flag_bits & 1 for entry in entries):
        return Refusal("password", "文件设有打开密码，无法读取，请取消打开密码后重新报送")
    return _office_kind(data, set(names))


def _office_kind(data: bytes, names: set[str]) -> Refusal | str:
    if "xl/workbook.bin" in names:
        return Refusal("xlsb", f"这是二进制格式（.xlsb）的表格，无法读取，{_ASK}")
    if any(name.endswith("workbook.xml") or name.startswith("xl/worksheets/") for name in names):
        return "xlsx"
    if any(name.startswith(("word/", "ppt/")) for name in names):
        return Refusal("other-kind", f"这是 Word 或演示文档，不是表格，{_ASK}")
    if "content.xml" in names and "mimetype" in names:
        if b"opendocument.spreadsheet" in data[:200]:
            return "ods"
        return Refusal("other-kind", f"这是文字或演示文档，不是表格，{_ASK}")
    return Refusal("archive", f"这是压缩包，不是表格，请解压后只发送其中的报表；{_ASK}")
