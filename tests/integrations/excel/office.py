"""LibreOffice, for tests: what a department's other program makes of our file."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_office = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")


def convert(data: bytes, extension: str, folder: Path, source_name: str = "form.xlsx") -> bytes:
    """Return the file as LibreOffice saves it in another format."""
    source, target = folder / "in" / source_name, folder / "out" / f"{Path(source_name).stem}.{extension}"
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(data)
    program = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    subprocess.run(
        [*program, "--convert-to", extension, "--outdir", str(target.parent), str(source)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return target.read_bytes()
