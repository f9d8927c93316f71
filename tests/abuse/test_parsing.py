"""Whatever comes in where something is parsed: an answer or the one error that is meant, never another fault."""

import base64
import contextlib
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote

import msgspec
import pytest
from fastapi import Request
from hypothesis import example, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from handover.access.certificates import thumbprint
from handover.access.denials import InvalidToken
from handover.delivery.signing import key_of, new_secret, signature
from handover.domain.events import Event
from handover.domain.identity import birth_date_of, is_enterprise_number, is_ssin
from handover.domain.parties import Actor
from handover.platform.ids import new_id
from handover.record.codec import decode_event, decode_state, encode_event
from handover.record.notes import Checkpoint, NoteError, Signer, Verifier, read
from handover.record.reading import cursor, parse_cursor
from handover.web.asking import accepts, if_match, uuid_of
from handover.web.problems import BadInput
from tests.domain.world import example as payload
from tests.instance import Instance, number

TODAY = date(2026, 11, 28)
_FEW = settings(max_examples=500, deadline=None)
_DIGITS = st.text("0123456789", min_size=9, max_size=12) | st.text(max_size=14)
_SIGNER = Signer("handover.example/log", bytes(range(32)))
_NOTE = _SIGNER.sign(Checkpoint("handover.example/log", 7, bytes(32)))
_SECRET = new_secret()


def _spoilt(good: bytes) -> st.SearchStrategy[bytes]:
    """Give a good value with one stretch of it replaced."""
    return st.builds(
        lambda at, gone, new: good[:at] + new + good[at + gone :],
        st.integers(0, len(good)),
        st.integers(0, 8),
        st.binary(max_size=8),
    )


@_FEW
@given(text=_DIGITS, allowed=st.booleans())
@example(text="\u0668" * 11, allowed=True)
@example(text="80010100107\n", allowed=True)
def test_national_numbers(text: str, *, allowed: bool) -> None:
    if is_ssin(text, today=TODAY, allow_test_range=allowed):
        assert len(text) == 11
        assert text.isascii()
        assert text.isdigit()
        born = birth_date_of(text)
        assert born is None or born <= TODAY
    if is_enterprise_number(text):
        assert len(text) == 10
        assert text[0] in "01"


@_FEW
@given(n=st.integers(0, 996), at=st.integers(0, 10), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_national_number_is_noticed(n: int, at: int, digit: str) -> None:
    """The check digits are there for exactly that: 97 is prime."""
    good = number(n)
    assert is_ssin(good, today=TODAY, allow_test_range=False)
    changed = good[:at] + digit + good[at + 1 :]
    assert changed == good or not is_ssin(changed, today=TODAY, allow_test_range=False)


@_FEW
@given(note=_spoilt(_NOTE.encode()).map(lambda data: data.decode("latin-1")) | st.text())
def test_checkpoint_notes(note: str) -> None:
    verifier = Verifier(_SIGNER.verifier_key)
    assert verifier.opened(_NOTE).size == 7
    for reader in (read, verifier.opened):
        try:
            found = reader(note)
        except NoteError:
            continue
        assert found.text == note.partition("\n\n")[0] + "\n", "what was read is what is written there"


@_FEW
@given(key=_spoilt(_SIGNER.verifier_key.encode()).map(lambda data: data.decode("latin-1")) | st.text())
def test_verifier_keys(key: str) -> None:
    try:
        verifier = Verifier(key)
    except NoteError:
        return
    assert verifier.name == "handover.example/log" or verifier.name != _SIGNER.name


@_FEW
@given(changed=_spoilt(b"") | st.binary(max_size=120), name=st.sampled_from(["id", "timestamp", "signature"]))
def test_webhook_signatures(changed: bytes, name: str) -> None:
    """By an independent verifier, because that is who reads them; ours only signs."""
    body, at = b'{"x": 1}', int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature([key_of(_SECRET)], "msg_1", at, body),
    }
    assert Webhook(_SECRET).verify(body, headers) == {"x": 1}
    spoilt = headers | {f"webhook-{name}": changed.decode("latin-1")}
    if spoilt != headers:
        with pytest.raises((WebhookVerificationError, ValueError)):
            Webhook(_SECRET).verify(body, spoilt)


@_FEW
@given(secret=st.text(max_size=120), private=st.text(max_size=60))
def test_webhook_secrets(secret: str, private: str) -> None:
    try:
        key_of(secret, private)
    except ValueError as error:
        shown = str(error)
    else:
        shown = ""
    assert len(secret) < 8 or secret not in shown, "an error never shows a secret"


@_FEW
@given(text=st.text(max_size=40) | st.from_regex(r"[0-9a-f]{0,20}-[0-9a-f]{0,20}"))
def test_feed_cursors(text: str) -> None:
    try:
        xid, position = parse_cursor(text)
    except ValueError:
        return
    assert 0 <= xid < 1 << 63
    assert 0 <= position < 1 << 63
    assert parse_cursor(cursor(xid, position)) == (xid, position)


@_FEW
@given(text=st.text(max_size=30) | st.from_regex(r'(W/)?"[0-9]{0,12}"'))
@example(text='"\u0663"')
def test_etags(text: str) -> None:
    request = cast("Request", SimpleNamespace(headers={"if-match": text}))
    try:
        version = if_match(request)
    except BadInput:
        return
    assert version is None or 0 <= version < 10**9


@_FEW
@given(text=st.text(max_size=60))
def test_other_headers_and_ids(text: str) -> None:
    assert accepts(text, "application/json") in {True, False}
    found = uuid_of(text)
    assert found is None or str(found) == text.lower()
    with pytest.raises(InvalidToken):
        thumbprint(text)


_EVENT = encode_event(
    Event(
        event_id=new_id(),
        dossier_id=new_id(),
        sequence=1,
        type="handover.concluded",
        organisation="vdab",
        actor=Actor(name="x"),
        occurred_at=datetime.now(UTC),
        recorded_at=datetime.now(UTC),
        data=payload("handover.concluded"),
    )
)


@_FEW
@given(body=st.binary(max_size=300) | _spoilt(_EVENT))
@example(body=b"[" * 100_000)
@example(body=b'{"data":' + b"[" * 50_000)
@example(body=_EVENT.replace(b"handover.concluded", b"no.such"))
def test_events_and_states_of_bytes(body: bytes) -> None:
    assert decode_event(_EVENT).type == "handover.concluded"
    for reader in (decode_event, decode_state):
        # `RecursionError` is what msgspec says of JSON that is nested too deep.
        with contextlib.suppress(msgspec.DecodeError, ValueError, KeyError, RecursionError):
            assert reader(body) is not None


_CURSORS = [
    "x", "-", "1-", "-1", "0-0-0", "g-1", "1--1", "ffffffffffffffffff-1", "1-8000000000000000", " 1-1", "1-1 ", "1_0-1",
    "\u0661-1", "0x1-1", "+1-1", "1-1\0", "1-1\n", base64.b64encode(b"1-1").decode(), "'; --",
]  # fmt: skip


@pytest.mark.parametrize("text", _CURSORS)
async def test_cursors_over_http(shared: Instance, text: str) -> None:
    vdab = shared.party("vdab")
    answer = await vdab.http.get(f"/v1/events?after={quote(text, safe='')}", headers=vdab._headers())  # noqa: SLF001 - a path to the letter
    assert answer.status_code == 400, answer.text
    assert answer.json()["issues"][0]["name"] == "after"
