"""A real HTTP server that answers as it is told to: rightly, or in every way that systems go wrong; written by hand."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Speak = Callable[[socket.socket], None]


@dataclass
class Server:
    """A server at 127.0.0.1: each path has its own manners; what was asked of it stays in `asked`."""

    port: int
    manners: dict[str, Speak] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving() -> Iterator[Server]:
    """Yield the server; whatever it is doing, it ends with the test."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listening, server), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closed.set()
            with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
                pass  # so that accept returns
            thread.join(10)


def _accept(listening: socket.socket, server: Server) -> None:
    while not server.closed.is_set():
        connection, _ = listening.accept()
        threading.Thread(target=_talk, args=(connection, server), daemon=True).start()


def _talk(connection: socket.socket, server: Server) -> None:
    with connection, suppress(OSError):
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = connection.recv(65536)
            if not chunk:
                return
            request += chunk
        server.asked.append(request)
        path = request.split(b" ")[1].decode()
        server.manners[path](connection)


def answers(body: bytes, status: str = "200 OK", kind: str = "application/octet-stream", **headers: str) -> Speak:
    """Return the manners of a server that answers in good order; headers are named with `_` for `-`."""

    def speak(connection: socket.socket) -> None:
        told = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    return speak


def redirects(to: str) -> Speak:
    """Return the manners of a server that sends elsewhere."""
    return answers(b"", "302 Found", Location=to)


def resets(connection: socket.socket) -> None:
    """Cut the connection in the middle of the body."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nPK half of it")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def says_nothing(connection: socket.socket) -> None:
    """Take the request and be silent until the other side gives up."""
    connection.recv(1)


def speaks_no_http(connection: socket.socket) -> None:
    """Answer as a mail server would."""
    connection.sendall(b"220 mail ESMTP\r\n")


def drips(closed: threading.Event, head: bool = False) -> Speak:
    """Return the manners of a server that gives a byte at a time, of its head or of its body, for ever."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: " if head else b"\r\n"))
        while not closed.wait(0.02):
            connection.sendall(b"a")

    return speak


def never_ends(connection: socket.socket) -> None:
    """Give a body without an end, as fast as it goes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while True:
        connection.sendall(block)


def bomb(megabytes: int) -> Speak:
    """Return the manners of a server whose small answer unpacks to so much."""
    return answers(gzip.compress(b"\0" * megabytes * 2**20), Content_Encoding="gzip")
