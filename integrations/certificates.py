"""Whose certificates are believed when another system is spoken to over TLS."""

import ssl
from pathlib import Path

from campaigns.errors import WorldError


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that believes the system's authorities, and the office's own if it names one; WorldError without it."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError):
        raise WorldError(f"根证书文件“{ca_file}”不存在或不是证书，请核对设置中的 ca_file") from None
