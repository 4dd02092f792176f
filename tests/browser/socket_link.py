"""A web socket to a browser on this machine: text messages, as RFC 6455 frames them."""

from __future__ import annotations

import base64
import os
import socket
import struct
from urllib.parse import urlsplit

_TEXT, _CLOSE, _PING, _PONG, _LAST = 1, 8, 9, 10, 0x80


class SocketLink:
    """A connection; every read waits for so many seconds at most."""

    def __init__(self, address: str, seconds: float) -> None:
        where = urlsplit(address)
        self._socket = socket.create_connection((where.hostname, where.port), seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {where.path} HTTP/1.1",
            f"Host: {where.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        )
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        assert b" 101 " in head.splitlines()[0], head

    def send(self, text: str, kind: int = _TEXT) -> None:
        """Send a message; a client's bytes are masked."""
        content = text.encode()
        size = len(content)
        if size < 126:
            head = struct.pack("!BB", _LAST | kind, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", _LAST | kind, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", _LAST | kind, 0x80 | 127, size)
        # A mask of zeros leaves every byte as it is.
        self._socket.sendall(head + bytes(4) + content)

    def receive(self) -> str:
        """Return the next message."""
        message = b""
        while True:
            first, second = self._read(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(self._read(2 if size == 126 else 8), "big")
            content = self._read(size)
            kind = first & 0x0F
            if kind == _CLOSE:
                raise ConnectionError("the browser closed the connection")
            if kind == _PING:
                self.send(content.decode("latin-1"), _PONG)
            elif kind != _PONG:
                message += content
                if first & _LAST:
                    return message.decode()

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def _read(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            part = self._socket.recv(size - len(content))
            if not part:
                raise ConnectionError("the browser is gone")
            content += part
        return content
