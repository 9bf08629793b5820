"""Where a fault of the program is written down, for an engineer."""

import sys
import traceback
from pathlib import Path

from integrations import settings


def write_fault(error: BaseException | None = None) -> Path:
    """Return the file to which a fault was added: the given one, or the one being handled."""
    folder = settings.home() if settings.home().is_dir() else Path.cwd()
    file = folder / "errors.log"
    with file.open("a", encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error or sys.exception() or RuntimeError())) + "\n")
    return file
