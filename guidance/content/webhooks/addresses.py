"""Which addresses a webhook may call: public ones, and networks that the house allows."""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
HTTPS_PORT = 443
# Beside what Python calls not global, whose tables differ between its releases: IPv4 inside IPv6
# (NAT64, 6to4, Teredo), protocol assignments and what is reserved.
NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24"),
        *("198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16", "fc00::/7"),
        *("fe80::/10", "fec0::/10", "ff00::/8"),
    )
)


class Refused(Exception):
    """This address must not be called; `problem` is a code, `str()` names the address."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem


@dataclass(frozen=True)
class Target:
    """Where a call goes: all of `addresses` were checked; connect to these and no others."""

    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT else f"{host}:{self.port}"


def split_url(url: str) -> tuple[str, int, str]:
    """Return host, port and path with query of an https URL; raises ValueError for any other."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("not an https URL")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("a URL with credentials or a fragment")
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise ValueError("a URL with spaces or control characters")
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path.encode("ascii")
    return host or parts.hostname, parts.port or HTTPS_PORT, path


def is_allowed(address: str, allowed: Sequence[str] = ()) -> bool:
    """Tell whether an IP address may be called: it is public, or in an allowed network."""
    plain = _plain(ipaddress.ip_address(address.partition("%")[0]))
    if any(plain in ipaddress.ip_network(network) for network in allowed):
        return True
    return plain.is_global and not any(plain in network for network in NEVER)


def resolve(url: str, allowed: Sequence[str] = ()) -> Target:
    """Look a URL's host up and return where to connect.

    Raises Refused where the name is unknown, or where any of its addresses may not be called: a
    name that has one private address is not to be trusted with its public ones.
    """
    host, port, path = split_url(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("unknown_host", host) from None
    addresses = tuple(dict.fromkeys(str(sockaddr[0]) for *_kind, sockaddr in found))
    for address in addresses:
        if not is_allowed(address, allowed):
            raise Refused("private_address", address)
    return Target(host=host, port=port, path=path, addresses=addresses)


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only wraps."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
