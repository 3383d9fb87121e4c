"""The fence around every test: no socket leaves this machine.

`conftest.py` puts it up in the test process; child processes import this file at their start,
because its folder is on their PYTHONPATH. Whoever tries gets a RemoteSocketError, and the
attempt is written to the file that ATTEMPTS_VARIABLE names, so that a library which swallows
the error is caught all the same.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import Any

ATTEMPTS_VARIABLE = "REMOTE_SOCKET_ATTEMPTS"
LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost"}


class RemoteSocketError(ConnectionRefusedError):
    """Something tried to reach beyond this machine."""


def put_up() -> None:
    """Refuse every remote connection and name look-up in this process from now on."""
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _fenced_method(getattr(socket.socket, name)))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, _fenced_lookup(getattr(socket, name)))


def _fenced_method(method: Any) -> Any:
    def fenced(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[-1]  # the last one also of sendto(data, flags, address)
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            _refuse(f"{method.__name__} {address[0]}:{address[1]}")
        return method(self, *arguments)

    return fenced


def _fenced_lookup(function: Any) -> Any:
    def fenced(host: str | bytes | None, *arguments: Any, **options: Any) -> Any:
        if not (_is_local(host) or _is_number(host)):
            _refuse(f"{function.__name__} {host!r}")
        return function(host, *arguments, **options)

    return fenced


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name.lower() in LOCAL_NAMES:
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _is_number(host: str | bytes | None) -> bool:
    """Whether looking it up asks nobody."""
    return _address(host.decode() if isinstance(host, bytes) else host or "") is not None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def _refuse(attempt: str) -> None:
    if path := os.environ.get(ATTEMPTS_VARIABLE):
        with Path(path).open("a") as file:
            file.write(f"{attempt} by {Path(sys.argv[0] if hasattr(sys, 'argv') else '').name}\n")
    raise RemoteSocketError(f"Tests never leave this machine: {attempt}")


if ATTEMPTS_VARIABLE in os.environ and __name__ == "sitecustomize":
    put_up()
