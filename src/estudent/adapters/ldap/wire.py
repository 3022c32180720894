"""LDAP messages over the socket of a connection that ldap3 opened, secured and bound, and may use again afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ldap3 import Connection

from estudent.adapters.ldap.answers import FINISHED
from estudent.adapters.ldap.ber import span
from estudent.adapters.ldap.requests import message

AT_ONCE = 65536
"""How many bytes are read at most in one go; TLS gives a quarter of it."""

UNASKED = "an answer to nothing that was asked, the server's good-bye for example"
SHORTEST = 6
"""No message is shorter, and so many bytes hold any message's length."""


def send(connection: Connection, operations: Iterable[bytes]) -> list[int]:
    """Send operations without waiting for answers; return the numbers that their answers will have."""
    numbers, messages = [], []
    for operation in operations:
        numbers.append(connection.server.next_message_id())
        messages.append(message(numbers[-1], operation))
    connection.socket.sendall(b"".join(messages))
    return numbers


def asked(connection: Connection, operation: bytes, kind: int) -> bytes:
    """Send an operation and return the one answer to it, which is of this kind."""
    sent = send(connection, [operation])
    number, answer = next(incoming(connection))
    if [number] != sent or answer[0] != kind:
        raise LookupError(UNASKED)
    return answer


def searched(connection: Connection, searches: Iterable[bytes]) -> Iterator[bytes]:
    """Send searches and yield all that comes in answer, in the order in which it does, until every one is finished."""
    unfinished = set(send(connection, searches))
    answers = incoming(connection)
    while unfinished:
        number, operation = next(answers)
        if number not in unfinished:
            raise LookupError(UNASKED)
        yield operation
        if operation[0] == FINISHED:
            unfinished.remove(number)


def incoming(connection: Connection) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the operation of each message as it comes; raise an OSError once nothing more will.

    The number 0 is none of ours: with it the server tells that it hangs up (RFC 4511, section 4.4.1).
    """
    rest = b""
    while data := connection.socket.recv(AT_ONCE):
        data, at = rest + data, 0
        while len(data) - at >= SHORTEST and (spot := span(data, at))[1] <= len(data):
            begin, end = span(data, spot[0])
            yield int.from_bytes(data[begin:end], "big"), data[end : spot[1]]
            at = spot[1]
        rest = data[at:]
    raise ConnectionError("the directory closed the connection")
