"""A file as it arrived -> a book of cells, or a refusal in one Chinese sentence. Nothing is parsed in this process."""

from campaigns.submission import Book, Refusal
from integrations.excel.guard import guard
from integrations.excel.nursery import Died, TooSlow, in_disposable_process
from integrations.excel.refusals import too_big
from integrations.excel.wire import answer_from_json

WALL_SECONDS = 20.0


def read(data: bytes) -> Book | Refusal:
    """Return the cells of a form, or why it cannot be taken and how to mend it."""
    return opened(read_closed(data))


def read_table(data: bytes) -> Book | Refusal:
    """Return the cells of any workbook, such as a directory kept in Excel, or why it cannot be taken and how to mend it."""
    return opened(_guarded("table", data))


def read_closed(data: bytes) -> bytes | Refusal:
    """Return a form that was read as bytes that can be kept for `opened`, or why it cannot be taken."""
    return _guarded("read", data)


def opened(answer: bytes | Refusal) -> Book | Refusal:
    """Return the cells that a child process found."""
    if isinstance(answer, Refusal):
        return answer
    try:
        return answer_from_json(answer)
    except (ValueError, KeyError, TypeError, IndexError, ArithmeticError):
        return _unreadable()


def _guarded(work: str, data: bytes) -> bytes | Refusal:
    found = guard(data)
    return found if isinstance(found, Refusal) else in_child(work, data)


def in_child(work: str, data: bytes, wall_seconds: float = WALL_SECONDS) -> bytes | Refusal:
    """Return what a disposable child process answers, or a refusal when the file killed it or kept it too long."""
    try:
        return in_disposable_process(work, data, wall_seconds) or _unreadable()
    except TooSlow:
        return Refusal("timeout", "读取超时：文件过于复杂，请删去与报表无关的内容，用下发的报表重新填报")
    except Died as death:
        return too_big().refusal if death.out_of_memory else _unreadable()


def _unreadable() -> Refusal:
    return Refusal("unreadable", "文件无法读取（内容异常或已损坏），请在 WPS 或 Excel 中打开后另存为 .xlsx，再重新报送")
