"""Work for processes that start anew: this module imports little, and they import it."""

import os
import signal
from pathlib import Path
from typing import Any

from neurodeploy.errors import ValidationError


def square(item: Any) -> dict[str, Any]:
    return {"square": item["number"] ** 2, "process": os.getpid()}


def dies_once(item: Any) -> dict[str, Any]:
    mark = Path(item["mark"])
    if item["number"] == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(item)


def always_dies(item: Any) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def refuses(item: Any) -> dict[str, Any]:
    raise ValidationError("seven is not a number", remedy="try eight")


def read_files(item: Any) -> dict[str, Any]:
    paths = {name: Path(path) for name, path in item["files"].items()}
    folder = sorted(
        path.relative_to(paths["folder"]).as_posix() for path in paths["folder"].rglob("*")
    )
    return {"text": paths["file"].read_text(), "folder": folder, "path": str(paths["file"])}
