"""One question to another system, within bounds: its address, its time, its size. Whatever goes wrong is a failure of the world.

The host is the one that was configured, and what it resolves to is looked at before a connection is made: the connection goes to
that very address. Redirects stay on the host. The whole exchange has one deadline, however slowly it drips; a body has one limit,
counted after it was unpacked.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import httpx

from campaigns.errors import WorldError
from integrations.certificates import trusted

_MEGABYTE = 1024 * 1024
_LAST_PORT = 65_535
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an exchange may be. Without `networks` an address of this machine, of its link or of no host at all is refused.

    `ca_file` holds the root certificate of a network that has its own.
    """

    seconds: float = 60
    silent_seconds: float = 20
    megabytes: int = 20
    redirects: int = 4
    networks: tuple[str, ...] = ()
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system answered: its status, what it says the body is, the body unpacked."""

    status: int
    kind: str
    body: bytes


def ask(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", bounds: Bounds | None = None
) -> Answer:
    """Return the answer of a system; WorldError, in Chinese, when there is none within the bounds."""
    bounds = bounds or Bounds()
    try:
        where = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise WorldError(f"地址“{url[:200]}”写得不对，应像 https://example.gov.cn/…") from None
    if where.scheme not in ("http", "https") or not where.host or (where.port or 0) > _LAST_PORT:
        raise WorldError(f"地址“{url[:200]}”写得不对，应像 https://example.gov.cn/…")
    if not all(value.isascii() for value in (headers or {}).values()):
        raise WorldError(f"给 {where.host} 的凭证写得不对，只能是英文字母、数字和符号")
    # a loop of its own: the caller may stand in one already
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, _ask(where, method, headers or {}, body, bounds)).result()


async def _ask(where: httpx.URL, method: str, headers: Mapping[str, str], body: bytes, bounds: Bounds) -> Answer:
    host = where.host
    try:
        async with asyncio.timeout(bounds.seconds):
            timeout = httpx.Timeout(min(bounds.silent_seconds, bounds.seconds))
            async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=trusted(bounds.ca_file)) as client:
                for _ in range(bounds.redirects + 1):
                    request = client.build_request(
                        method,
                        where.copy_with(host=await _address(where, bounds.networks)),
                        content=body or None,
                        headers={"Accept-Encoding": "gzip", **headers, "Host": where.netloc.decode("ascii")},
                        extensions={"sni_hostname": host},
                    )
                    response = await client.send(request, stream=True)
                    try:
                        if response.status_code not in _REDIRECTS:
                            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                            return Answer(response.status_code, kind, await _unpacked(response, host, bounds.megabytes))
                    finally:
                        await response.aclose()
                    where = _next(where, response.headers.get("location", ""), method)
    except TimeoutError:
        raise WorldError(f"{host} 太慢，{bounds.seconds:g}秒内没有答完") from None
    except httpx.TimeoutException:
        raise WorldError(f"{host} 没有回应") from None
    except (httpx.TransportError, OSError) as fault:
        raise WorldError(f"连不上 {host}，或连接中断：{_words(fault)}") from None
    raise WorldError(f"{host} 一再转向（超过{bounds.redirects}次），没有取到内容")


async def _address(where: httpx.URL, networks: Sequence[str]) -> str:
    """Return the address to connect to: every address of the host must be one that is allowed."""
    port = where.port or (443 if where.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(where.host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise WorldError(f"找不到主机 {where.host}，请核对地址和网络") from None
    addresses = [ip_address(one[4][0]) for one in found]
    for one in addresses:
        if not _allowed(one, networks):
            raise WorldError(f"{where.host} 指向 {one}，不在允许的地址段里，没有连接；确为该系统的，请写进设置的 addresses")
    return str(addresses[0])


def _allowed(address: IPv4Address | IPv6Address, networks: Sequence[str]) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    if networks:
        return any(plain in ip_network(one, strict=False) for one in networks)
    return not (plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain.is_reserved)


def _next(where: httpx.URL, location: str, method: str) -> httpx.URL:
    try:
        target = where.join(location)
    except httpx.InvalidURL:
        raise WorldError(f"{where.host} 转向一个写错的地址") from None
    safer = (where.scheme, target.scheme) in (("http", "http"), ("https", "https"), ("http", "https"))
    if method != "GET" or not location or target.host != where.host or not safer:
        raise WorldError(f"{where.host} 转向别处（{target.host or location[:60]}），没有跟随；请在设置里写最终的地址")
    return target


async def _unpacked(response: httpx.Response, host: str, megabytes: int) -> bytes:
    """Return the body; what is packed is unpacked no further than the limit."""
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise WorldError(f"{host} 的答复用了不认识的压缩方式")
    unpack = None if packing in ("identity", "") else zlib.decompressobj(47)
    body, most = bytearray(), megabytes * _MEGABYTE
    async for chunk in response.aiter_raw():
        while chunk:
            if unpack is None:
                body += chunk
                chunk = b""
            else:
                try:
                    body += unpack.decompress(chunk, most + 1 - len(body))
                except zlib.error:
                    raise WorldError(f"{host} 的答复没有压缩好，解不开") from None
                chunk = unpack.unconsumed_tail
            if len(body) > most:
                raise WorldError(f"{host} 的答复超过{megabytes}MB，没有接收")
    if unpack is not None and not unpack.eof:
        raise WorldError(f"{host} 的答复不完整，没有接收")
    return bytes(body)


def _words(fault: Exception) -> str:
    """Return what a fault of the connection means, never the library's own words."""
    text = str(fault).lower()
    if isinstance(fault.__context__, ssl.SSLError) or "certificate" in text or "ssl" in text:
        return "证书不对或不被信任"
    if isinstance(fault, httpx.RemoteProtocolError):
        return "答复不完整，或不是 HTTP"
    return "请核对地址、网络和对方系统是否在运行"
