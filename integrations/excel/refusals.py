"""What the child process says of a file it will not read, and how far it reads at all."""

from campaigns.forms import COOPERATING_SHEET, LEAD_SHEET
from campaigns.submission import Refusal

MOST_SHEETS, MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 50, 20_000, 200, 200_000


class Unreadable(Exception):
    """A file we do not take, with the refusal to give."""

    def __init__(self, code: str, message: str) -> None:
        self.refusal = Refusal(code, message)


def too_big() -> Unreadable:
    """Return the refusal of a table far larger than any form."""
    return Unreadable("too-big", "表格的行列过多，请删去与报表无关的内容，用下发的报表重新填报")


def locked() -> Unreadable:
    """Return the refusal of a file with a password."""
    return Unreadable("password", "文件设有打开密码，无法读取，请取消打开密码后重新报送")


def damaged(what: str) -> Unreadable:
    """Return the refusal of a file whose structure does not hold together; `what` says in Chinese where."""
    return Unreadable("damaged", f"文件结构异常（{what}），请在 WPS 或 Excel 中打开后另存为 .xlsx 再报送")


def declared() -> Unreadable:
    """Return the refusal of a file that declares document types or entities: no spreadsheet program writes them."""
    return Unreadable("declaration", "文件中含有不允许的外部声明，未予打开；请用下发的报表重新填报")


def no_form() -> Unreadable:
    """Return the refusal of a workbook that is none of ours."""
    message = f"未找到报送表：文件中没有“{LEAD_SHEET}”或“{COOPERATING_SHEET}”工作表，请在收到的原报表上填报，不要另建表格"
    return Unreadable("no-form", message)
