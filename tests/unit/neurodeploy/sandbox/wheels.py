"""Small wheels, and requirements files with their checksums."""

import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path


def write_wheel(
    folder: Path, name: str, version: str = "1.0", needs: Sequence[str] = (), text: str = ""
) -> Path:
    """Write the wheel of a package with one module."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    metadata = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", f"TEXT = {text!r}\n")
        file.writestr(f"{about}/METADATA", "\n".join(["Metadata-Version: 2.1", *metadata]) + "\n")
        wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr(f"{about}/WHEEL", wheel)
        file.writestr(f"{about}/RECORD", "")
    return path


def write_hashes(path: Path, files: dict[str, Sequence[Path]], more: str = "") -> Path:
    """Write a requirements file: for every pin the files that it may be."""
    lines = ["# made by a test"]
    for pin, wheels in files.items():
        sums = [f"--hash=sha256:{sha256(file.read_bytes()).hexdigest()}" for file in wheels]
        lines.append(" \\\n    ".join([pin, *sums]))
    path.write_text("\n".join(lines) + f"\n{more}", encoding="utf-8")
    return path
