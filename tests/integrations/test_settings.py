"""What an office is told when its settings, or the ledger they point at, are not in order."""

from datetime import time
from pathlib import Path

import pytest

from campaigns.errors import LiandongError, NotConfigured, WorldError
from integrations import settings
from integrations.database.engine import engine
from tasks.office import Office

HOURS = time(8, 30), time(17, 30)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (b"\n[smtp\n", "TOML"),
        ("\n# 备注\n".encode("gbk"), "UTF-8"),
        (b'\nimbox = "/share"\n', "不认识的项目：imbox"),
        (b'\n[smtp]\nport = 99999\nhost = "x"\n', "smtp.port"),
        (b'\ndatabase_url = "nonsense"\n', "database_url"),
        (b'\ndatabase_url = "postgresql+psycopg://u:secret@127.0.0.1:1/x"\n', "台账数据库连不上"),
    ],
    ids=["broken", "other encoding", "unknown item", "wrong port", "wrong address", "no database there"],
)
def test_a_mistake_in_the_settings_is_told_in_chinese(office: Office, change: bytes, told: str) -> None:
    file = office.home / settings.FILE
    file.write_bytes(file.read_bytes() + change)
    with pytest.raises(LiandongError, match=told) as raised:
        engine(settings.load().url)
    assert "secret" not in str(raised.value)


def test_settings_saved_by_the_editors_of_windows_are_read(office: Office) -> None:
    file = office.home / settings.FILE
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert settings.load().office == office.settings.office


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('office = "市联席办"\nmailbox = “office@example.gov.cn”\n'.encode(), "第2行（mailbox）不是正确的 TOML 格式.*半角"),
        ('office ＝ "市联席办"\n'.encode(), "第1行.*等号和方括号要用半角"),
        ('office = "市联席办"\n\n[smtp]\nhost = smtp.example.gov.cn\n'.encode(), "第4行（host）不是正确的 TOML 格式"),
        ('office = "市联席办"\noffice = "又一个"\n'.encode(), "第2行"),
        ('office = "市联席办'.encode(), "第1行"),
        ('# 设置\noffice = "市联席办"\n'.encode("gbk"), "第1行不是 UTF-8 编码，请在记事本中“另存为”"),
        (b"opens_at = 08:30:00\n" + 'office = "市联席办"\n'.encode("gbk"), "第2行不是 UTF-8"),
        ('office = "市联席办"\n'.encode("utf-16"), "第1行不是 UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(office: Office, text: bytes, told: str) -> None:
    (office.home / settings.FILE).write_bytes(text)
    with pytest.raises(NotConfigured, match=told):
        settings.load()
    (office.home / settings.FILE).write_bytes(b"\xef\xbb\xbf" + text)
    with pytest.raises(NotConfigured, match=told):
        settings.load()


def test_a_ledger_that_is_none_is_told_in_chinese(office: Office) -> None:
    (office.home / "liandong.db").write_bytes(b"not a database at all " * 100)
    with pytest.raises(WorldError, match="已损坏"):
        engine(office.settings.url)


def test_an_office_is_not_set_up_where_it_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "file"))
    with pytest.raises(NotConfigured, match="不能用作文件夹"):
        settings.initialise("测试办", "office@example.gov.cn", *HOURS, None)
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "office"))
    with pytest.raises(NotConfigured, match="不能用作文件夹"):
        settings.initialise("测试办", "office@example.gov.cn", *HOURS, tmp_path / "file")
    with pytest.raises(NotConfigured, match="办公时间不对"):
        settings.initialise("测试办", "office@example.gov.cn", HOURS[1], HOURS[0], None)


def test_the_inbox_asked_for_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "office"))
    assert settings.initialise("测试办", "office@example.gov.cn", *HOURS, tmp_path / "共享" / "收件").watched_folder.is_dir()
