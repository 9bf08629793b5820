"""What is asked of other systems stays within bounds, however they misbehave; every failure is one Chinese sentence."""

import datetime
import gzip
import json
import resource
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaigns.errors import WorldError
from integrations.http.client import Answer, Bounds, ask
from integrations.http.pull import pull
from integrations.http.superior import Superior
from tests import misbehaving
from tests.misbehaving import Server, answers, bomb, drips, redirects
from tests.test_chinese import assert_chinese

FAR = datetime.datetime(2038, 1, 1, tzinfo=datetime.UTC)
NEAR = Bounds(seconds=20, megabytes=1, networks=("127.0.0.0/8",))


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving.serving() as found:
        yield found


def failure(server: Server, path: str, bounds: Bounds = NEAR) -> str:
    with pytest.raises(WorldError) as caught:
        pull(server.url(path), {}, bounds)
    assert_chinese(str(caught.value), path)
    return str(caught.value)


def test_a_file_is_brought_whole_packed_or_not_and_by_a_redirect_on_the_host(server: Server) -> None:
    data = b"PK" + bytes(range(256)) * 100
    server.manners = {
        "/a": answers(data),
        "/b": answers(gzip.compress(data), Content_Encoding="gzip"),
        "/c": redirects("/a"),
        "/none": answers(b"", "404 Not Found"),
    }
    for path in ("/a", "/b", "/c"):
        assert pull(server.url(path), {"Authorization": "Bearer x"}, NEAR) == data
    assert pull(server.url("/none"), {}, NEAR) is None
    assert all(b"Authorization: Bearer x" in one and b"Host: 127.0.0.1:" in one for one in server.asked[:4])
    posted = ask(server.url("/a"), method="POST", body=b"x", bounds=NEAR)
    assert posted == Answer(200, "application/octet-stream", data)


def test_whatever_a_system_does_wrong_nothing_half_is_taken(server: Server) -> None:
    page = b"<!DOCTYPE html><html><body>login</body></html>"
    server.manners = {
        "/429": answers(b"", "429 Too Many Requests"),
        "/500": answers(b"oops", "500 Internal Server Error"),
        "/short": answers(b"PK12", Content_Length="4000"),
        "/reset": misbehaving.resets,
        "/mail": misbehaving.speaks_no_http,
        "/endless": misbehaving.never_ends,
        "/bomb": bomb(64),
        "/short-gzip": answers(gzip.compress(b"x" * 9999)[:20], Content_Encoding="gzip"),
        "/no-gzip": answers(b"not packed at all", Content_Encoding="gzip"),
        "/brotli": answers(b"x", Content_Encoding="br"),
        "/page": answers(page),
        "/named-page": answers(b"x", kind="text/html; charset=utf-8"),
        "/empty": answers(b""),
        "/loop": redirects("/loop"),
        "/elsewhere": redirects("http://localhost:1/x"),
        "/metadata": redirects("http://169.254.169.254/latest"),
        "/file": redirects("file:///x"),
        "/nowhere": redirects(""),
    }
    told = {
        "/429": "答复429", "/500": "答复500", "/short": "不完整", "/reset": "中断", "/mail": "不是 HTTP", "/endless": "超过1MB",
        "/bomb": "超过1MB", "/short-gzip": "不完整", "/no-gzip": "解不开", "/brotli": "不认识的压缩", "/page": "网页",
        "/named-page": "网页", "/empty": "空文件", "/loop": "一再转向", "/elsewhere": "转向别处（localhost）",
        "/metadata": "转向别处（169.254.169.254）", "/file": "转向别处", "/nowhere": "转向别处",
    }  # fmt: skip
    assert told.keys() == server.manners.keys()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path, words in told.items():
        assert words in failure(server, path), path
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024  # 64 MB were never unpacked


def test_an_address_or_a_token_written_wrong_is_told_as_any_failure() -> None:
    for url, headers, words in (
        ("http://127.0.0.1:99999/x", {}, "地址“http://127.0.0.1:99999/x”写得不对"),
        ("http://127.0.0.1/x", {"Authorization": "Bearer 密钥"}, "凭证写得不对"),
    ):
        with pytest.raises(WorldError, match=words):
            pull(url, headers, NEAR)


def test_a_superior_s_answer_that_says_nothing_known_is_not_taken_for_one(server: Server) -> None:
    said = {"receipt": "R-1", "reason": None, "findings": []}
    superior = Superior(server.url("/u/abc"), NEAR)
    for told, outcome in (("accepted", "accepted"), (None, None)):
        server.manners = {"/api/v1/submissions?name=x": answers(json.dumps({**said, "outcome": told}).encode())}
        assert superior.submit("x", b"x", "key").outcome == outcome
    for answer in ({**said, "outcome": "merged"}, {**said, "outcome": "accepted", "findings": None}, {}):
        server.manners = {"/api/v1/submissions?name=x": answers(json.dumps(answer).encode())}
        with pytest.raises(WorldError, match="上级的答复读不懂"):
            superior.submit("x", b"x", "key")


def test_slow_systems_are_left_at_the_deadline_however_they_drip(server: Server) -> None:
    server.manners = {
        "/silent": misbehaving.says_nothing,
        "/body": drips(server.closed),
        "/head": drips(server.closed, head=True),
    }
    assert "没有回应" in failure(server, "/silent", Bounds(seconds=20, silent_seconds=0.3, networks=NEAR.networks))
    for path in ("/silent", "/body", "/head"):  # each byte comes in good time, the whole never
        assert "太慢" in failure(server, path, Bounds(seconds=0.5, silent_seconds=15, networks=NEAR.networks))


def test_only_addresses_that_are_allowed_are_connected_to(server: Server) -> None:
    server.manners = {"/a": answers(b"PK")}
    assert "不在允许的地址段" in failure(server, "/a", Bounds())  # this machine is nobody's system unless it is said to be
    assert "不在允许的地址段" in failure(server, "/a", Bounds(networks=("10.0.0.0/8",)))
    for url in ("http://169.254.169.254/", "http://[::1]/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://224.0.0.1/"):
        with pytest.raises(WorldError, match="不在允许的地址段"):
            ask(url)
    assert server.asked == []
    for url in ("ftp://example.gov.cn/x", "http:///x", "没有地址"):
        with pytest.raises(WorldError, match="写得不对"):
            ask(url)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(WorldError, match="连不上"):
        ask(f"http://127.0.0.1:{port}/", bounds=NEAR)


@contextmanager
def own_network(folder: Path, name: str, until: datetime.datetime = FAR) -> Iterator[tuple[int, Path]]:
    """Yield the port of a server that answers over TLS, and the certificate that it made for that name itself."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = made.public_bytes(serialization.Encoding.PEM)
    (folder / "server.pem").write_bytes(secret + public)
    (folder / "ca.pem").write_bytes(public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    def accept(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):  # SSLError is one
            inside = context.wrap_socket(connection, server_side=True)
            inside.recv(65536)
            inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1], folder / "ca.pem"
        thread.join(10)


def test_a_certificate_that_is_not_trusted_or_expired_is_not_talked_to(tmp_path: Path) -> None:
    near = ("127.0.0.0/8", "::1/128")
    with own_network(tmp_path, "localhost") as (port, _), pytest.raises(WorldError, match="证书不对或不被信任"):
        ask(f"https://localhost:{port}/", bounds=Bounds(networks=near))
    past = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)
    with own_network(tmp_path, "localhost", past) as (port, ca_file), pytest.raises(WorldError, match="证书"):
        ask(f"https://localhost:{port}/", bounds=Bounds(networks=near, ca_file=ca_file))


def test_the_name_on_the_certificate_is_that_of_the_host_not_of_its_address(tmp_path: Path) -> None:
    with own_network(tmp_path, "localhost") as (port, ca_file):
        bounds = Bounds(networks=("127.0.0.0/8", "::1/128"), ca_file=ca_file)
        assert ask(f"https://localhost:{port}/", bounds=bounds).body == b"ok"
    with own_network(tmp_path, "another.example.gov.cn") as (port, ca_file), pytest.raises(WorldError, match="证书"):
        ask(f"https://localhost:{port}/", bounds=Bounds(networks=("127.0.0.0/8", "::1/128"), ca_file=ca_file))
