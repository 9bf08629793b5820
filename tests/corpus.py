"""A folder of workbooks nobody prepared, through everything that reads files: none may harm, none may be left without an outcome.

    python tests/corpus.py FOLDER               every file below it, and the hostile files and damaged forms of tests/hostile.py
    python tests/corpus.py FOLDER --mutants 0   the files alone

Each file goes three ways: as `liandong check-file` takes it; as a return (put into the watched folder of an office of its own,
stored, read, answered); and as if its sheets were called like ours, so that its whole content is read. The last is done in forks
of this process, within the limits of the reading child, to see what memory each takes. Exit 1 when a file broke a promise.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as of_day
from io import BytesIO
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from python_calamine import CalamineWorkbook

from campaigns.submission import Refusal
from integrations import settings
from integrations.excel import child, ooxml
from integrations.excel.guard import guard
from integrations.excel.refusals import Unreadable
from integrations.excel.xml_parts import Parts
from tasks.doors import take_in
from tasks.intake import check_envelopes
from tasks.office import Office
from tasks.verdict import verdict
from tests.faults import samples
from tests.hostile import cases, mutants

SLOWEST, LARGEST_MIB, SLOWEST_BOMB = 20.0, 512, 1.0
AS_OF = datetime(2026, 3, 2, 1, tzinfo=UTC)


@dataclass
class Seen:
    """What became of the files on one way, and every promise that was broken."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    peak: tuple[int, str] = (0, "")  # MiB, file
    broken: list[str] = field(default_factory=list)

    def took(self, name: str, seconds: float, code: str) -> None:
        """Take note of one file."""
        self.outcomes[code] += 1
        self.seconds.append(seconds)
        if seconds > (SLOWEST_BOMB if code == "bomb" else SLOWEST):
            self.broken.append(f"{name}: {code} after {seconds:.1f} s")

    def show(self, title: str) -> None:
        """Print it."""
        print(f"\n{title}: {self.outcomes.total()} files")
        if ordered := sorted(self.seconds):
            p99 = ordered[int(len(ordered) * 0.99)]
            print(f"  median {statistics.median(ordered):.3f} s, p99 {p99:.2f} s, longest {ordered[-1]:.2f} s")
        if self.peak[0]:
            print(f"  most memory of a child: {self.peak[0]} MiB ({self.peak[1]})")
        print("  " + ", ".join(f"{code} {count}" for code, count in self.outcomes.most_common()))
        for line in self.broken[:40]:
            print("  BROKEN", line)


def hostile(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the hostile files, and so many damaged copies of forms."""
    for sample in samples(3):
        block = sample.form.blocks[0]
        found = cases(sample.clean, "xl/worksheets/sheet2.xml", "C4", "C4", block.narrative_cell)
        while True:
            try:
                case = next(found)
            except (StopIteration, AssertionError):  # a case that does not fit this form
                break
            yield f"hostile-{sample.form.department}-{case.threat}-{case.name}", case.data
        for number, data in enumerate(mutants(sample.clean, count // 3, seed=4)):
            yield f"mutant-{sample.form.department}-{number}", data


def asked(files: Sequence[Path]) -> Seen:
    """Ask of each what would become of it."""
    seen = Seen()
    for path in files:
        started = time.perf_counter()
        try:
            found = verdict(path)
        except Exception as error:
            seen.broken.append(f"{path.name}: {error!r}")
            continue
        told = found.findings[0] if found.findings else None
        seen.took(path.name, time.perf_counter() - started, told.rule if told else str(found.outcome))
        if any(not one.message or one.message.isascii() for one in found.findings):
            seen.broken.append(f"{path.name}: said nothing in Chinese")
    return seen


def sent(files: Sequence[Path], at: Office) -> Seen:
    """Put all into the watched folder, and look afterwards for each one's bytes, outcome and receipt."""
    seen, kept = Seen(), {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    for path in files:
        (at.settings.watched_folder / path.name).write_bytes(path.read_bytes())
    started = time.perf_counter()
    taken = take_in(AS_OF)
    check_envelopes(AS_OF)
    print(f"\n{taken} envelopes taken in and answered in {time.perf_counter() - started:.0f} s")
    with at.ledger() as ledger:
        waiting = ledger.unchecked_envelopes()
        envelopes = ledger.envelopes()
    seen.broken += [f"{one.name}: no outcome" for one in waiting]
    seen.outcomes.update(str(one.outcome) for one in envelopes)
    for digest in kept:
        if hashlib.sha256(at.bytes_of(digest)).hexdigest() != digest:
            seen.broken.append(f"{digest}: bytes lost")
    return seen


def whole(data: bytes) -> str:
    """Return what became of reading every sheet, whatever it is called."""
    found = guard(data)
    if isinstance(found, Refusal):
        return found.code
    try:
        if found == "xlsx":
            parts = Parts(data)
            child._OURS = tuple(name for name, _ in ooxml._sheets(parts, ooxml._main(parts))[0])
        else:
            child._OURS = tuple(CalamineWorkbook.from_filelike(BytesIO(data)).sheet_names)
    except Unreadable as error:
        return error.refusal.code
    except Exception:
        pass  # it is refused below, or dies of it
    return str(json.loads(child.answer("read", data)).get("code", "read"))


def read_whole(files: Sequence[Path]) -> Seen:
    """Read each in a fork, all its sheets, and see what memory it takes."""
    child.rehearse()
    seen = Seen()
    for path in files:
        data, started = path.read_bytes(), time.perf_counter()
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MIB * 2**20, LARGEST_MIB * 2**20))
                resource.setrlimit(resource.RLIMIT_CPU, (15, 15))
                os.write(writing, whole(data).encode())
            finally:
                os._exit(0)
        os.close(writing)
        code = os.read(reading, 100).decode() or "died"
        os.close(reading)
        _, _, usage = os.wait4(process, 0)
        seen.took(path.name, time.perf_counter() - started, code)
        seen.peak = max(seen.peak, (usage.ru_maxrss // 1024, path.name))
    if seen.peak[0] > LARGEST_MIB:
        seen.broken.append(f"{seen.peak[1]}: {seen.peak[0]} MiB")
    return seen


def main() -> int:
    """Run all and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=600)
    chosen = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"LIANDONG_HOME": f"{folder}/office"}
        at = Office(settings.initialise("测试市消费者联席办", "office@example.gov.cn", of_day(8, 30), of_day(17, 30), None))
        files = sorted(path for path in chosen.folder.rglob("*") if path.is_file())
        made = Path(folder, "made")
        made.mkdir()
        for number, (_, data) in enumerate(hostile(chosen.mutants) if chosen.mutants else ()):
            (made / f"{number:05}.xlsx").write_bytes(data)
        files += sorted(made.iterdir())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ways: dict[str, Callable[[], Seen]] = {
            "all sheets read, whatever they are called": lambda: read_whole(files),
            "asked what would become of it": lambda: asked(files),
            "sent": lambda: sent(files, at),
        }
        for title, way in ways.items():
            seen = way()
            seen.show(title)
            broken += len(seen.broken)
            sys.stdout.flush()
        print(f"\nthis process grew by {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024} MiB")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
