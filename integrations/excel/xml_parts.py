"""The XML parts of a zip: found whatever their case, turned into UTF-8 whatever their encoding, never with a declaration."""

import codecs
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from xml.parsers import expat

from integrations.excel.refusals import damaged, declared

Attributes = dict[str, str]
_XML = (".xml", ".rels", ".vml")
_SMALL = 2**20  # most parts are read twice: kept, unless that would take much memory
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (b"<\0\0\0", "utf-32-le"),
          (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))  # fmt: skip
_STATED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_PREFIX = re.compile(rb"<[^\s<>/:!?]+:")
_CHINESE = {"gb2312", "gbk", "cp936", "hz", "gb18030", "x-gbk"}


class Parts:
    """The parts of a workbook in a zip."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(BytesIO(data))
        self._entries = {_key(entry.filename): entry for entry in self._archive.infolist()}
        self._small: dict[str, bytes] = {}

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def read(self, name: str) -> bytes:
        """Return a part as UTF-8; Unreadable when it is missing, damaged, or declares a document type."""
        key = _key(name)
        if key in self._small:
            return self._small[key]
        entry = self._entries.get(key)
        if entry is None:
            raise damaged(f"缺少部件 {name[-60:]}")
        try:
            part = utf8(self._archive.read(entry))
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError, zlib.error):
            raise damaged(f"部件 {name[-60:]} 已损坏") from None
        if len(part) < _SMALL:
            self._small[key] = part
        return part

    def refuse_declarations(self) -> None:
        """Raise Unreadable when any XML part declares a document type or an entity, in whatever encoding."""
        for name in self._entries:
            if name.endswith(_XML):
                self.read(name)

    def related(self, name: str) -> dict[str, str]:
        """Return what a part refers to inside the file, by relation id."""
        folder, file = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{file}.rels")
        found: dict[str, str] = {}

        def start(tag: str, attributes: Attributes) -> None:
            if "Id" in attributes and attributes.get("TargetMode") != "External":
                found[attributes["Id"]] = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip(
                    "/"
                )

        if rels in self:
            walk(self.read(rels), start)
        return found


def utf8(data: bytes) -> bytes:
    """Return an XML text as UTF-8, without the mark at its head; Unreadable when it declares a document type or an entity."""
    encoding = _encoding(data)
    if encoding != "utf-8":
        try:
            data = data.decode(encoding).encode("utf-8")
        except (UnicodeError, LookupError):
            raise damaged("文字编码无法识别") from None
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"<!" in data and _DECLARATION.search(data):
        raise declared()
    return data


def walk(
    data: bytes,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Tell the elements of an XML text in UTF-8 one after another, by their names without prefix."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    prefixed = _PREFIX.search(data) is not None
    parser.StartElementHandler = (lambda tag, attributes: start(_local(tag), attributes)) if prefixed else start
    if end is not None:
        parser.EndElementHandler = (lambda tag: end(_local(tag))) if prefixed else end
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        raise damaged("内容不完整或已损坏") from None


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _refuse(*_: object) -> None:
    raise declared()


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    stated = _STATED.match(data[:300])
    name = stated[1].decode("ascii").lower() if stated else "utf-8"
    if name in _CHINESE:
        return "gb18030"
    # what is written in single bytes cannot be UTF-16, whatever it says of itself
    return "utf-8" if name.startswith(("utf", "us-ascii", "ascii", "ucs")) else name


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
