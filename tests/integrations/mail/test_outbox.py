"""The outbox folder."""

from pathlib import Path

import pytest

from campaigns.errors import Conflict, WorldError
from integrations.mail.outbox import deliver_to_folder, file_name


def test_a_letter_lies_in_the_folder_once_however_often_it_is_delivered(tmp_path: Path) -> None:
    first = deliver_to_folder(b"one", tmp_path / "outbox", "0001-市公安局-assignment")
    again = deliver_to_folder(b"one", tmp_path / "outbox", "0001-市公安局-assignment")
    assert first == again and first.name == "0001-市公安局-assignment.eml" and first.read_bytes() == b"one"
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_another_letter_of_the_same_name_is_refused_and_the_first_kept(tmp_path: Path) -> None:
    path = deliver_to_folder(b"one", tmp_path, "a")
    with pytest.raises(Conflict, match="没有覆盖"):
        deliver_to_folder(b"two", tmp_path, "a")
    assert path.read_bytes() == b"one"


@pytest.mark.parametrize("name", ["../../etc/x", "富" * 200, "a\r\nb", "..", "", "CON:|?*"])
def test_any_name_becomes_a_file_inside_the_folder(tmp_path: Path, name: str) -> None:
    path = deliver_to_folder(b"x", tmp_path, name)
    assert path.parent == tmp_path and len(path.name.encode()) <= 255 and path.suffix == ".eml"
    assert file_name(name) == path.name


def test_a_folder_that_cannot_be_written_is_the_worlds_failure_said_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file stands where the folder should be")
    with pytest.raises(WorldError, match="没能写入发件箱"):
        deliver_to_folder(b"x", tmp_path / "outbox", "a")
