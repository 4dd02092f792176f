"""A package for Lynxi as lines of text: every file by its bytes, and what is code as code."""

import io
import zipfile
from collections.abc import Iterator
from hashlib import sha256

from neurodeploy.program import Program
from targets.lynxi.target import target
from tests.golden.onnx_text import model_text


def lynxi_text(program: Program) -> str:
    """Return the listing of the package's files, then the code of its smallest models."""
    files = {name: bytes(content) for name, content in target.compile(program).files.items()}
    lines = [_line(name, content) for name, content in files.items()]
    lines += ["", "== step.pt", *_archive(files["step.pt"])]
    lines += ["", "== step.onnx", model_text(files["step.onnx"])]
    return "\n".join(lines)


def _line(name: str, content: bytes) -> str:
    return f"{name} {len(content)} bytes sha256:{sha256(content).hexdigest()[:16]}"


def _archive(content: bytes) -> Iterator[str]:
    """Yield a line for every record of the archive, and the lines of its code."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            record = archive.read(name)
            yield _line(name, record)
            if name.endswith(".py"):
                yield from (f"  | {line}" for line in record.decode().splitlines())
