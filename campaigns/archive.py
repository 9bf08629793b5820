"""What goes into the archive of a campaign: in which folder, under which name, what it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from campaigns.letters import Kind

NOTICE, SENT, RECEIVED, URGED = "通知", "下发记录", "各单位原件", "催办记录"
TOTALS, ACCOUNTS, UPWARD = "汇总", "报告", "上报"
FOLDERS = (NOTICE, SENT, RECEIVED, URGED, TOTALS, ACCOUNTS, UPWARD)
INDEX, DIGESTS = "目录.xlsx", "SHA256SUMS.txt"
LETTERS = {Kind.REMINDER: URGED, Kind.OVERDUE: URGED, Kind.RECEIPT: RECEIVED, Kind.ROLLUP: TOTALS}  # all others: SENT


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of an archive: `path` below its folder, what it is, whose, of which round, when; its bytes by their SHA-256."""

    folder: str
    path: str
    what: str
    unit: str
    round: str
    moment: str
    sha256: str
    size: int = 0

    @property
    def name(self) -> str:
        """Return its path below the archive."""
        return f"{self.folder}/{self.path}"


def apart(files: Iterable[Kept]) -> tuple[Kept, ...]:
    """Return the files in order, each under a path of its own: of two alike, the later one is numbered.

    Names differ when they differ on Windows too, where capitals do not count.
    """
    taken: dict[str, int] = {}
    found = []
    for one in files:
        path, number = one.path, 1
        while f"{one.folder}/{path}".lower() in taken:
            number += 1
            stem, dot, suffix = one.path.rpartition(".")
            path = f"{stem} ({number}){dot}{suffix}" if stem else f"{one.path} ({number})"
        taken[f"{one.folder}/{path}".lower()] = number
        found.append(replace(one, path=path))
    return tuple(found)


def digests(files: Iterable[Kept]) -> str:
    """Return the list that `sha256sum -c` reads."""
    return "".join(f"{one.sha256}  {one.name}\n" for one in files)


def by_folder(files: Iterable[Kept]) -> Mapping[str, int]:
    """Return how many files stand in each folder."""
    counts = dict.fromkeys(FOLDERS, 0)
    for one in files:
        counts[one.folder] += 1
    return counts
