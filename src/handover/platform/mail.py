"""Mail over SMTP: one connection, encrypted where it says so, every wait bounded, nothing of its secret told."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import aiosmtplib

from handover.platform.mail_server import MailServer

SECONDS = 20.0
"""The longest that connecting takes, and each message."""
_UNAVAILABLE, _FIRST_PERMANENT = 421, 500


class MailServerAwayError(Exception):
    """The server did not take us in, or went away: nothing is wrong with the message. Says what happened in a word."""


class MailRefusedError(Exception):
    """The server did not take this message; `for_good` when it never will, `code` is what it answered."""

    def __init__(self, code: int) -> None:
        super().__init__(f"SMTP {code}")
        self.code = code
        self.for_good = code >= _FIRST_PERMANENT


class MailConnection:
    """An open connection, to send one message after another."""

    def __init__(self, client: aiosmtplib.SMTP, sender: str, seconds: float) -> None:
        self._client, self._sender, self._seconds = client, sender, seconds

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Send it; returns once the server took it (250). Raises MailRefusedError or MailServerAwayError."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._client.sendmail(self._sender, [recipient], message.as_bytes())
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _refused(refused.recipients[0]) from None
        except aiosmtplib.SMTPSenderRefused as error:
            # Not this message's fault: it would be so with every other.
            raise MailServerAwayError(type(error).__name__) from None
        except aiosmtplib.SMTPResponseException as refused:
            raise _refused(refused) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailServerAwayError(type(error).__name__) from None


def _refused(answer: aiosmtplib.SMTPResponseException) -> Exception:
    """Tell a server that closes down (421, whatever it was asked) from one that will not take this message."""
    if answer.code == _UNAVAILABLE:
        return MailServerAwayError(type(answer).__name__)
    return MailRefusedError(answer.code)


class Mailer:
    """Sends mail from one address by one server; `name` is what we call ourselves there."""

    def __init__(
        self, server: MailServer, sender: str, *, name: str, ca_file: Path | None = None, seconds: float = SECONDS
    ) -> None:
        self.sender = sender
        self._server, self._name, self._seconds = server, name, seconds
        # Once, and here: reading certificates blocks.
        self._trust = ssl.create_default_context(cafile=ca_file)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[MailConnection]:
        """Give a connection; raises MailServerAwayError. Without the encryption that was asked for there is none."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security == "smtps",
            start_tls=server.security == "smtp+starttls",
            tls_context=self._trust,
            timeout=self._seconds,
            local_hostname=self._name,
        )
        try:
            async with asyncio.timeout(self._seconds):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            # Of what it answered only the class is told: some servers repeat what they were given.
            client.close()
            raise MailServerAwayError(type(error).__name__) from None
        try:
            yield MailConnection(client, parseaddr(self.sender)[1], self._seconds)
        finally:
            await self._leave(client)

    @staticmethod
    async def _leave(client: aiosmtplib.SMTP) -> None:
        try:
            async with asyncio.timeout(2):
                await client.quit()
        except (aiosmtplib.SMTPException, OSError):
            client.close()
