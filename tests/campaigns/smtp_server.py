"""A real mail server (aiosmtpd) that answers as it is told, in a thread of its own."""

import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

# What a server may do in place of answering: close the connection.
HANG_UP = "hang up"


@dataclass
class MailServer:
    """What came, and what is to be answered: `rcpt` and `data` are used up one a message."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    rcpt: "deque[str]" = field(default_factory=deque)
    data: "deque[str]" = field(default_factory=deque)
    # Commands before whose answer the server closes the connection, one a time.
    closing_at: "deque[str]" = field(default_factory=deque)

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self._closes(server, "MAIL"):
            return HANG_UP
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt.popleft() if self.rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.data.popleft() if self.data else "250 OK"
        if answer.startswith("250") or answer == HANG_UP:
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        if answer == HANG_UP:
            server.transport.close()
        return answer

    def _closes(self, server: Any, command: str) -> bool:
        if not self.closing_at or self.closing_at[0] != command:
            return False
        self.closing_at.popleft()
        server.transport.close()
        return True


@contextmanager
def receiving_mail() -> Iterator[MailServer]:
    """Run a mail server on a free port."""
    handler = MailServer(port=_free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
