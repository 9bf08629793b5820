"""Files are whole or not there; what a dead writer left is swept away, what a living one writes is not."""

import fcntl
from pathlib import Path

from integrations.files import sweep, write_whole


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "台账.html"
    for text in (b"one", b"two"):
        write_whole(target, text)
        assert target.read_bytes() == text
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_dead_writer_left_is_swept_away(tmp_path: Path) -> None:
    left, written, kept = tmp_path / ".dead.tmp", tmp_path / ".alive.tmp", tmp_path / "whole.xlsx"
    for path in (left, written, kept):
        path.write_bytes(b"PK")
    with written.open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        assert sweep([tmp_path, tmp_path / "not there"]) == 1
    assert sorted(tmp_path.iterdir()) == [written, kept]
