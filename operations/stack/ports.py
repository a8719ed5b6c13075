"""Whether a port is free, asked before anything starts."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable

import psutil

from operations.stack.settings import LOOPBACK, Port, StackError

_IN_USE = "is in use"
_GRACE_SECONDS = 3.0


def refuse_taken(ports: Iterable[Port]) -> None:
    """Raises StackError naming the first port that somebody else holds, who, and the variable that moves ours."""
    for port in ports:
        reason = _lasting_reason(port.number)
        if reason:
            raise StackError(
                f"port {port.number} ({port.name}) {reason}: stop that, or set {port.variable} to a free port"
            )


def _lasting_reason(number: int) -> str | None:
    # The orphans of a killed server hold its port until they notice; a port without a visible holder gets a moment.
    deadline = time.monotonic() + _GRACE_SECONDS
    while True:
        reason = _why_not_free(number)
        if reason != _IN_USE or time.monotonic() > deadline:
            return reason
        time.sleep(0.05)


def _why_not_free(number: int) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a port whose old connections are still fading away counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _IN_USE + _by_whom(number)
            return f"cannot be used ({error.strerror})"
    return None


def _by_whom(number: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == number
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""
