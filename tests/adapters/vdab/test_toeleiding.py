"""MAGDA's referral: written as its description says, read back as it was, and refused without repeating anything."""

from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.adapters.vdab.toeleiding import (
    MOST_BYTES,
    NAMESPACE,
    PARTNERS,
    Contact,
    Partner,
    Toeleiding,
    Unreadable,
    read,
    written,
)
from handover.domain.codes import Purpose
from handover.domain.deadlines import BRUSSELS

AT = datetime(2026, 11, 28, 15, 4, 5, tzinfo=UTC)
WHOLE = Toeleiding(
    reference="0192f0c4-0000-7000-8000-000000000001",
    toeleiding_id="0192f0c4-0000-7000-8000-000000000002",
    ssin="80010100107",
    family_name="Een",
    given_name="Voorbeeld",
    birth_date=date(1980, 1, 1),
    sender=Partner(
        kind="OCMW",
        enterprise_number="0123456749",
        name="OCMW Lindedal",
        contact=Contact(family_name="Trajectbegeleider 1", phone="+32 2 001 00 01", email="t1@lindedal.example"),
    ),
    receiver=Partner(kind="VDAB", enterprise_number="0887010362", name="VDAB"),
    purpose=Purpose.GUIDANCE_TO_WORK,
    explanation="Wil als magazijnier werken.\nHeeft een heftruckattest.",
    appointment_at=datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
)
LEAST = Toeleiding(
    reference="r1",
    toeleiding_id="t1",
    ssin="80010100107",
    sender=Partner(kind="OCMW", own_number="4711"),
    receiver=Partner(kind="VDAB", enterprise_number="0887010362"),
)
_text = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn", "Zs", "Zl", "Zp", "Cf", "Co"]))
_some = _text.filter(lambda text: text.strip() == text)
_needed = _some.filter(bool)
_contacts = st.builds(Contact, family_name=_needed, given_name=_some, phone=_some, email=_some)
_partners = st.one_of(
    st.builds(
        Partner,
        kind=st.sampled_from(PARTNERS),
        enterprise_number=_needed,
        name=_some,
        contact=st.none() | _contacts,
    ),
    st.builds(Partner, kind=st.sampled_from(PARTNERS), own_number=_needed, name=_some),
)


def _body(toeleiding: Toeleiding = WHOLE) -> bytes:
    return written(toeleiding, at=AT, sender="handover.vlaanderen.be")


@pytest.mark.parametrize("toeleiding", [WHOLE, LEAST], ids=["whole", "least"])
def test_what_was_written_is_read_back(toeleiding: Toeleiding) -> None:
    assert read(_body(toeleiding)) == toeleiding


@given(sender=_partners, receiver=_partners, purpose=st.none() | st.sampled_from(list(Purpose)), explanation=_some)
def test_anything_that_was_written_is_read_back(
    sender: Partner, receiver: Partner, purpose: Purpose | None, explanation: str
) -> None:
    some = Toeleiding(
        reference="r",
        toeleiding_id="t",
        ssin="80010100107",
        sender=sender,
        receiver=receiver,
        purpose=purpose,
        explanation=explanation,
    )
    assert read(_body(some)) == some


def test_its_elements_stand_in_the_order_of_the_description() -> None:
    root = ET.fromstring(_body())  # noqa: S314 - our own
    assert root.tag == f"{{{NAMESPACE}}}RegistreerToeleiding"
    (question,) = root.findall("Verzoek/Vragen/Vraag")
    names = {path: [one.tag for one in question.iterfind(f"{path}/*")] for path in ("Inhoud/Toeleiding", "Inhoud")}
    assert names["Inhoud"] == ["Personalia", "Toeleiding"]
    assert names["Inhoud/Toeleiding"] == ["Id", "Van", "Naar", "RedenToeleiding", "RedenOmschrijving", "AfspraakMoment"]
    assert [one.tag for one in question.iterfind("Inhoud/Toeleiding/Van/*")] == [
        "KboNummer",
        "TypePartner",
        "Naam",
        "ContactPersoon",
    ]
    assert question.findtext("Inhoud/Toeleiding/AfspraakMoment") == "2026-12-01T10:30:00+01:00"
    assert root.findtext("Verzoek/Context/Bericht/Tijdstip/Tijd") == "16:04:05.000", "Brussels time"
    assert not question.findall("Inhoud/Personalia/Geslacht"), "what we do not hold is not sent"


def test_an_envelope_around_it_and_what_we_do_not_use_is_passed_over() -> None:
    inner = _body().split(b"?>", 1)[1]
    inner = inner.replace(b"<ContactPersoon>", b"<Adres><straat><code>1</code></straat></Adres><ContactPersoon>", 1)
    soap = b"http://schemas.xmlsoap.org/soap/envelope/"
    body = b'<e:Envelope xmlns:e="%b"><e:Header/><e:Body>%b</e:Body></e:Envelope>' % (soap, inner)
    assert read(body) == WHOLE


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        (b">1980-01-01<", b">1980-00-00<", "birth_date", None),
        (b">guidanceToWork<", b">begeleiding naar werk<", "purpose", Purpose.GUIDANCE_TO_WORK),
        (b">guidanceToWork<", b">INB01<", "reason", "INB01"),
        (b"T10:30:00+01:00<", b"T10:30:00<", "appointment_at", datetime(2026, 12, 1, 10, 30, tzinfo=BRUSSELS)),
    ],
)
def test_what_others_may_write_is_understood(old: bytes, new: bytes, field: str, value: object) -> None:
    body = _body()
    assert old in body
    assert getattr(read(body.replace(old, new)), field) == value


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"<INSZ>80010100107</INSZ>", b"", "INSZ is required"),
        (b"<Id>", b"<Nummer>", "no XML"),
        (b">VDAB<", b">RVA<", "TypePartner"),
        (b"<KboNummer>0887010362</KboNummer>", b"", "KboNummer or Identificatienummer"),
        (b">1980-01-01<", b">geheim<", "no day"),
        (b">2026-12-01T", b">geheimT", "no moment"),
        (b"<Vraag>", b"<Vraag/><Vraag>", "one Vraag"),
        (b"</Verzoek>", b"</verzoek>", "no XML"),
        (NAMESPACE.encode(), b"urn:elders", "one Vraag"),
        (b"<?xml version='1.0' encoding='utf-8'?>", b'<!DOCTYPE a [<!ENTITY x "geheim">]>', "document type"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(old: bytes, new: bytes, said: str) -> None:
    body = _body()
    assert old in body
    with pytest.raises(Unreadable) as refused:
        read(body.replace(old, new))
    assert said in str(refused.value)
    assert not any(value in str(refused.value) for value in ("geheim", "80010100107", "Voorbeeld", "RVA"))


def test_bombs_and_books_are_refused_unread() -> None:
    bomb = (
        b"<!DOCTYPE z [" + b"".join(b'<!ENTITY e%d "%b">' % (n, b"&e%d;" % (n - 1) * 9) for n in range(1, 30)) + b"]>"
    )
    with pytest.raises(Unreadable, match="document type"):
        read(bomb + b"<z>&e29;</z>")
    with pytest.raises(Unreadable, match="document type"):
        read(b'<!DOCTYPE z [<!ENTITY e SYSTEM "file:///etc/hostname">]><z>&e;</z>')
    with pytest.raises(Unreadable, match="longer"):
        read(b"<a>" + b" " * MOST_BYTES + b"</a>")


def test_no_representation_shows_the_client() -> None:
    assert repr(WHOLE) == f"Toeleiding(toeleiding_id={WHOLE.toeleiding_id!r})"
