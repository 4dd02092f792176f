"""A Chromium for tests: the one that is installed, or the one in the registry of npm.

The latter is unpacked once into the user's cache, needs no rights, and is checked by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from platformdirs import user_cache_path

from tests.browser.socket_link import SocketLink

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "@sparticuz/chromium@147.0.0"
SHA512 = "4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ=="
_SECONDS = 60.0
_DOWNLOAD_S = 300
_FLAGS = (
    "--headless=shell",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_FONTS = ("/usr/share/fonts", "/System/Library/Fonts")
# Node has brotli, which Python lacks.
_UNPACK = """
const zlib = require("zlib"), fs = require("fs"), [from, to] = process.argv.slice(1);
fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
"""


class NoBrowserError(RuntimeError):
    """No browser is here, and none can be had."""


def installed() -> Path:
    """Return the path of a Chromium.

    Raises:
        NoBrowserError: if there is none, and npm has none for this machine.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return Path(path)
    folder = user_cache_path("neurodeploy") / "browser" / PACKAGE.rpartition("@")[2]
    if not (folder / "chromium").is_file():
        _install(folder)
    return folder / "chromium"


def _install(folder: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise NoBrowserError("no Chromium, and no npm to install one (apt install chromium)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        work = Path(scratch)
        # Its bytes are known, so that it may be unpacked as it is.
        with tarfile.open(_downloaded(npm, work)) as archive:
            archive.extractall(work)
        ready = work / "ready"
        ready.mkdir()
        for packed in (work / "package" / "bin").glob("*.br"):
            target = ready / packed.stem
            subprocess.run([node, "-e", _UNPACK, str(packed), str(target)], check=True)
            if target.suffix == ".tar":
                with tarfile.open(target) as archive:
                    archive.extractall(ready)
                target.unlink()
        (ready / "chromium").chmod(0o755)
        with suppress(OSError):
            # Another process may have been faster.
            ready.rename(folder)


def _downloaded(npm: str, folder: Path) -> Path:
    """Return the package's archive.

    Raises:
        NoBrowserError: if npm cannot download it, or it is another one.
    """
    command = [npm, "pack", "--fetch-retries=1", PACKAGE]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_DOWNLOAD_S
        )
    except subprocess.TimeoutExpired as error:
        raise NoBrowserError(f"npm did not bring {PACKAGE} within {_DOWNLOAD_S} s") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise NoBrowserError(f"npm has no {PACKAGE}: {done.stderr.strip()[-300:]}")
    digest = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    if digest != SHA512:
        raise NoBrowserError(f"{PACKAGE} has the hash {digest}")
    return archives[0]


class Browser:
    """A running browser with one page, until the `with` block ends."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        self.size = width, height
        self.messages: list[str] = []
        self._number = 0

    def __enter__(self) -> Browser:
        path = installed()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        home, libraries = self._folder.name, path.parent / "lib"
        fonts = Path(home) / "fonts.conf"
        # Without a font, no text takes any room.
        folders = "".join(f"<dir>{each}</dir>" for each in (path.parent / "fonts", *_FONTS))
        fonts.write_text(f"<fontconfig>{folders}<cachedir>{home}/fonts</cachedir></fontconfig>")
        variables = {**os.environ, "HOME": home, "FONTCONFIG_FILE": str(fonts)}
        if libraries.is_dir() and path.parent.parent.name == "browser":
            variables["LD_LIBRARY_PATH"] = str(libraries)
        command = [str(path), *_FLAGS, f"--user-data-dir={home}/profile", "about:blank"]
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(command, env=variables, stdout=null, stderr=null)
        try:
            address = self._page(Path(home) / "profile" / "DevToolsActivePort")
        except NoBrowserError:
            self._end()
            raise
        self._link = SocketLink(address, _SECONDS)
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        width, height = self.size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.ask("Emulation.setDeviceMetricsOverride", **metrics)
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def open(self, address: str) -> None:
        """Go to an address, and wait until the page is loaded."""
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    @contextmanager
    def dark(self) -> Iterator[None]:
        """Let pages know that the user wants dark colours, until the `with` block ends."""
        scheme = {"name": "prefers-color-scheme", "value": "dark"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        try:
            yield
        finally:
            self.ask("Emulation.setEmulatedMedia", features=[])

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.ask("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Return the value of an expression once it is true."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            if value := self.value(expression):
                return value
            time.sleep(0.05)
        raise TimeoutError(f"{expression} did not become true")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer; note what the page's console says meanwhile."""
        self._number += 1
        self._link.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._link.receive())
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, words = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.messages.append(str(words["exceptionDetails"]))
        if method == "Runtime.consoleAPICalled" and words["type"] in ("error", "warning"):
            self.messages.append(str(words["args"]))
        if method == "Log.entryAdded" and words["entry"]["level"] in ("error", "warning"):
            self.messages.append(f"{words['entry']['text']} {words['entry'].get('url', '')}")

    def _page(self, file: Path) -> str:
        """Return the address of the page's protocol, once the browser says its port."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise NoBrowserError(f"the browser ended with {self._process.returncode}")
            with suppress(OSError, ValueError, StopIteration, IndexError):
                port = int(file.read_text().splitlines()[0])
                with urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                    pages = json.load(answer)
                return str(next(p for p in pages if p["type"] == "page")["webSocketDebuggerUrl"])
            time.sleep(0.05)
        raise NoBrowserError("the browser did not get ready")
