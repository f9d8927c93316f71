"""Mail to a real SMTP server on loopback: encrypted, refused, hanging, away; and its secret nowhere."""

import asyncio
import socket
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.smtp import PASSWORD, USER, certificate, posting

from handover.platform.mail import Mailer, MailRefusedError, MailServerAwayError
from handover.platform.mail_server import MailServer, is_address
from handover.platform.settings import Settings, SettingsError, check

SENDER = "handover <handover@example.org>"
WRONG = "verkeerd-9c"


def mailer(url: str, *, ca_file: Path | None = None, seconds: float = 5.0) -> Mailer:
    return Mailer(MailServer.of(url), SENDER, name="handover.example.org", ca_file=ca_file, seconds=seconds)


def letter(subject: str = "2 dossiers") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, SENDER, "a@example.org"
    message.set_content("Twee dossiers wachten.\n")
    return message


async def test_a_message_arrives_as_it_was_written() -> None:
    async with posting() as post:
        async with mailer(f"smtp://127.0.0.1:{post.port}").connected() as connection:
            await connection.send(letter(), "a@example.org")
            await connection.send(letter("1 dossier"), "b@example.org")
        assert [m["Subject"] for m in post.messages] == ["2 dossiers", "1 dossier"]
        assert post.recipients == ["a@example.org", "b@example.org"]
        assert post.messages[0].get_content() == "Twee dossiers wachten.\r\n"
        assert post.connections == 1


async def test_it_is_encrypted_where_it_says_so(tmp_path: Path) -> None:
    tls, trusted = certificate(tmp_path)
    async with posting(tls=tls, login=True) as post:
        url = f"smtp+starttls://{USER}:{PASSWORD}@localhost:{post.port}"
        async with mailer(url, ca_file=trusted).connected() as connection:
            await connection.send(letter(), "a@example.org")
        assert post.encrypted == [True]
        assert post.logins == [(USER.encode(), PASSWORD.encode())]


async def test_nothing_is_sent_to_who_is_not_vouched_for(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    async with posting(tls=tls, login=True) as post:
        url = f"smtp+starttls://{USER}:{PASSWORD}@localhost:{post.port}"
        with pytest.raises(MailServerAwayError):
            await _once(mailer(url))
        assert (post.logins, post.raw) == ([], [])


async def test_nor_under_another_name(tmp_path: Path) -> None:
    tls, trusted = certificate(tmp_path)
    async with posting(tls=tls, login=True) as post:
        url = f"smtp+starttls://{USER}:{PASSWORD}@127.0.0.1:{post.port}"
        with pytest.raises(MailServerAwayError):
            await _once(mailer(url, ca_file=trusted))
        assert (post.logins, post.raw) == ([], [])


async def test_nor_in_clear_when_it_does_not_offer_encryption() -> None:
    """Someone on the way may take the offer out of the greeting: then nothing goes, the password least of all."""
    async with posting() as post:
        with pytest.raises(MailServerAwayError):
            await _once(mailer(f"smtp+starttls://{USER}:{PASSWORD}@localhost:{post.port}"))
        assert (post.logins, post.raw) == ([], [])


@pytest.mark.parametrize(("answer", "for_good"), [("550 no such user", True), ("451 try later", False)])
async def test_a_refused_recipient_is_one_message_s_matter(answer: str, *, for_good: bool) -> None:
    async with posting() as post:
        post.answers = [answer]
        async with mailer(f"smtp://127.0.0.1:{post.port}").connected() as connection:
            with pytest.raises(MailRefusedError) as refused:
                await connection.send(letter(), "gone@example.org")
            assert (refused.value.code, refused.value.for_good) == (int(answer[:3]), for_good)
            assert "gone@example.org" not in repr(refused.value)
            await connection.send(letter(), "a@example.org")
        assert post.recipients == ["a@example.org"]


async def test_a_server_that_closes_down_is_away() -> None:
    async with posting() as post:
        post.answers = ["421 going down"]
        with pytest.raises(MailServerAwayError):
            await _once(mailer(f"smtp://127.0.0.1:{post.port}"))


async def test_a_server_that_hangs_is_left() -> None:
    """In the middle of a message, and before it says a word."""
    async with posting() as post:
        post.hang = True
        began = time.monotonic()
        with pytest.raises(MailServerAwayError):
            await _once(mailer(f"smtp://127.0.0.1:{post.port}", seconds=0.3))
        assert time.monotonic() - began < 5

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    began = time.monotonic()
    with pytest.raises(MailServerAwayError):
        await _once(mailer(f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}", seconds=0.3))
    assert time.monotonic() - began < 5
    silent.close()


async def test_a_server_that_is_not_there_is_away() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(MailServerAwayError) as away:
            await _once(mailer(f"smtp+starttls://{USER}:{PASSWORD}@127.0.0.1:{free.getsockname()[1]}"))
    assert PASSWORD not in repr(away.value)


async def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    tls, trusted = certificate(tmp_path)
    async with posting(tls=tls, login=True) as post:
        sends = mailer(f"smtp+starttls://{USER}:{WRONG}@localhost:{post.port}", ca_file=trusted)
        with pytest.raises(MailServerAwayError) as away:
            await _once(sends)
    assert str(away.value) == "SMTPAuthenticationError"
    assert away.value.__cause__ is None
    assert WRONG not in repr(MailServer.of(f"smtps://x:{WRONG}@h"))


async def _once(sends: Mailer) -> None:
    async with sends.connected() as connection:
        await connection.send(letter(), "a@example.org")


def test_an_address_of_a_server_is_read() -> None:
    found = MailServer.of("smtp+starttls://us%40er:ge%2Fhm@mail.example:2525")
    assert (found.host, found.port, found.user, found.password) == ("mail.example", 2525, "us@er", "ge/hm")
    ports = [MailServer.of(f"{kind}://mail.example").port for kind in ("smtp", "smtp+starttls", "smtps")]
    assert ports == [25, 587, 465]
    assert MailServer.of("smtp://u:p@localhost").password == "p"


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:99999",
        "smtp://mail.example/path",
        "smtps://mail.example?x=geh-7",
        "smtp://user:geh-7@mail.example",
    ],
)
def test_what_is_no_server_does_not_start(url: str) -> None:
    with pytest.raises(SettingsError, match="HANDOVER_SMTP_URL") as refused:
        check(Settings(smtp_url=url, mail_from="a@example.org"))
    assert "geh-7" not in str(refused.value)


def test_mail_comes_from_somewhere(tmp_path: Path) -> None:
    for sender in ("", "handover", "a@b c@d"):
        with pytest.raises(SettingsError, match="HANDOVER_MAIL_FROM"):
            check(Settings(smtp_url="smtp://localhost", mail_from=sender))
    check(Settings(smtp_url="smtp://localhost", mail_from=SENDER))
    with pytest.raises(SettingsError, match="HANDOVER_SMTP_CA_FILE"):
        check(Settings(smtp_ca_file=tmp_path / "none.pem"))
    assert "geheim" not in repr(Settings(smtp_url="smtps://u:geheim@h", push_key="geheim"))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a@example.org", True),
        ("voor.naam+x@sub.example.org", True),
        ("", False),
        ("a", False),
        ("a@", False),
        ("@b", False),
        ("a@b@c", False),
        ("a@example.org\nBcc: x@y", False),
        ("A <a@b>", False),
    ],
)
def test_what_mail_can_be_sent_to(text: str, *, good: bool) -> None:
    assert is_address(text) is good
