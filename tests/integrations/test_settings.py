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
