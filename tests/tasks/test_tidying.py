"""What a process that died left half-written is swept away wherever the program writes, and nothing of anybody else's."""

from tasks.office import Office
from tasks.tidying import tidy


def test_half_written_files_are_swept_away_wherever_they_are(office: Office) -> None:
    inbox = office.settings.watched_folder
    written = [
        "raw/ab",
        "forms/a_round",
        "outbox",
        "rollup",
        "documents",
        "templates",
        "directories",
        "anchors",
        "parts/R-2020-000001",
    ]
    folders = [office.home, *(office.home / name for name in written), inbox / "已收" / "R-2020-000001"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".dead.tmp").write_bytes(b"PK")
    others = [inbox, office.home / "prefect"]
    for folder in others:
        folder.mkdir(exist_ok=True)
        (folder / ".somebody else's.tmp").write_bytes(b"still being copied")
    assert tidy() == len(folders)
    assert sorted(one.parent for one in office.home.rglob("*.tmp")) == sorted(others)
