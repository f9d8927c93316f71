"""MAGDA's `Inburgering.RegistreerToeleiding-01.00`, the nearest Flemish contract for a referral, both ways.

Source: the public description of the service (MAGDA documentation, *Vraag*): which elements there are, which are
required, and that a partner is known by a KBO number or a number of its own. Its schema is not public: the frame around
them follows MAGDA 2.0 as its other services show it; moments and the code of the reason are our reading, kept in this
one file.
"""

from datetime import date, datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, XMLParser, tostring

from msgspec import Struct, field

from handover.domain.codes import Purpose
from handover.domain.deadlines import BRUSSELS

NAMESPACE: Final = "http://webservice.registreertoeleidingdienst-01_00.inburgering-01_00.vip.vlaanderen.be"
MOST_BYTES: Final = 64 * 1024
PARTNERS: Final = ("KBI", "VDAB", "VMSW", "OCMW")
"""`TypePartner`: who refers or is referred to."""
_ROOT: Final = f"{{{NAMESPACE}}}RegistreerToeleiding"


class Unreadable(ValueError):  # noqa: N818 - what was found, not a fault
    """Not such a message; says which element is wrong and how, never what it holds."""


class Contact(Struct, frozen=True, kw_only=True):
    """The person to turn to. `family_name` may be the whole name, where it is not known in parts."""

    family_name: str
    given_name: str = ""
    phone: str = ""
    email: str = ""


class Partner(Struct, frozen=True, kw_only=True):
    """Who refers or is referred to: by KBO number (10 digits), or by a number of its own."""

    kind: str
    enterprise_number: str = ""
    own_number: str = ""
    name: str = ""
    contact: Contact | None = None


class Toeleiding(Struct, frozen=True, kw_only=True):
    """One referral. `reference` is new for each message, `toeleiding_id` stays and comes back in the answer.

    `explanation` is free text; `appointment_at` is timezone-aware. Only the SSIN and the two partners are required.
    """

    reference: str
    toeleiding_id: str
    ssin: str
    sender: Partner
    receiver: Partner
    family_name: str = ""
    given_name: str = ""
    birth_date: date | None = None
    purpose: Purpose | None = None
    reason: str = field(default="")
    """The reason as it was written, where it is none of our purposes."""
    explanation: str = ""
    appointment_at: datetime | None = None

    def __repr__(self) -> str:
        """The ids alone."""
        return f"Toeleiding(toeleiding_id={self.toeleiding_id!r})"


def written(toeleiding: Toeleiding, *, at: datetime, sender: str) -> bytes:
    """Write the request as MAGDA takes it, in UTF-8. `sender` is the identification that MAGDA gave to who sends."""
    root = Element(_ROOT)
    # MAGDA's own elements are in no namespace; only the one around them is.
    request = SubElement(root, "Verzoek")
    context = SubElement(request, "Context")
    _add(context, "Naam", "Inburgering.RegistreerToeleiding")
    _add(context, "Versie", "01.00.0000")
    message = SubElement(context, "Bericht")
    _add(message, "Type", "VRAAG")
    moment, here = SubElement(message, "Tijdstip"), at.astimezone(BRUSSELS)
    _add(moment, "Datum", here.date().isoformat())
    _add(moment, "Tijd", here.strftime("%H:%M:%S.000"))
    by = SubElement(message, "Afzender")
    _add(by, "Identificatie", sender)
    _add(by, "Referte", toeleiding.reference)
    _add(SubElement(message, "Ontvanger"), "Identificatie", "VIP")
    question = SubElement(SubElement(request, "Vragen"), "Vraag")
    _add(question, "Referte", toeleiding.reference)
    content = SubElement(question, "Inhoud")
    person = SubElement(content, "Personalia")
    _add(person, "INSZ", toeleiding.ssin)
    _add(person, "Naam", toeleiding.family_name)
    _add(person, "Voornaam", toeleiding.given_name)
    _add(person, "Geboortedatum", toeleiding.birth_date.isoformat() if toeleiding.birth_date else "")
    referral = SubElement(content, "Toeleiding")
    _add(referral, "Id", toeleiding.toeleiding_id)
    _write_partner(SubElement(referral, "Van"), toeleiding.sender)
    _write_partner(SubElement(referral, "Naar"), toeleiding.receiver)
    _add(referral, "RedenToeleiding", str(toeleiding.purpose) if toeleiding.purpose else toeleiding.reason)
    _add(referral, "RedenOmschrijving", toeleiding.explanation)
    appointment = toeleiding.appointment_at
    _add(referral, "AfspraakMoment", appointment.astimezone(BRUSSELS).isoformat() if appointment else "")
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def read(body: bytes) -> Toeleiding:
    """Read a request, with or without a SOAP envelope around it. Raises Unreadable."""
    root = _parsed(body)
    found = [root] if root.tag == _ROOT else root.findall(f".//{_ROOT}")
    questions = [one for request in found for one in request.findall("Verzoek/Vragen/Vraag")]
    if len(questions) != 1:
        raise Unreadable("RegistreerToeleiding: one Vraag is expected.")
    question = questions[0]
    person, referral = question.find("Inhoud/Personalia"), question.find("Inhoud/Toeleiding")
    if person is None or referral is None:
        raise Unreadable("Inhoud: Personalia and Toeleiding are required.")
    written_reason = _text(referral, "RedenToeleiding")
    purpose = next((one for one in Purpose if written_reason in {str(one), one.nl}), None)
    return Toeleiding(
        reference=_required(question, "Referte"),
        toeleiding_id=_required(referral, "Id"),
        ssin=_required(person, "INSZ"),
        family_name=_text(person, "Naam"),
        given_name=_text(person, "Voornaam"),
        birth_date=_day(person, "Geboortedatum"),
        sender=_partner(referral, "Van"),
        receiver=_partner(referral, "Naar"),
        purpose=purpose,
        reason="" if purpose else written_reason,
        explanation=_text(referral, "RedenOmschrijving"),
        appointment_at=_moment(referral, "AfspraakMoment"),
    )


class _Plain(TreeBuilder):
    """Builds what has no document type: with one, entities could be made to mean anything."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Unreadable("A document type is not taken.")


def _parsed(body: bytes) -> Element:
    if len(body) > MOST_BYTES:
        raise Unreadable(f"The message is longer than {MOST_BYTES} bytes.")
    # Its encoding is that of what it came in, whatever it says of itself.
    parser = XMLParser(target=_Plain(), encoding="utf-8")  # noqa: S314 - a document type, and with it every entity, is refused
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        # Its place and not its words: those may repeat what stands there.
        line, column = error.position
        raise Unreadable(f"This is no XML, from line {line}, column {column}.") from None
    except (LookupError, UnicodeError):
        raise Unreadable("This is no XML in UTF-8.") from None
    return root


def _write_partner(at: Element, partner: Partner) -> None:
    if partner.enterprise_number:
        _add(at, "KboNummer", partner.enterprise_number)
    else:
        _add(at, "Identificatienummer", partner.own_number)
    _add(at, "TypePartner", partner.kind)
    _add(at, "Naam", partner.name)
    if partner.contact:
        contact = SubElement(at, "ContactPersoon")
        _add(contact, "Naam", partner.contact.family_name)
        _add(contact, "Voornaam", partner.contact.given_name)
        _add(contact, "Telefoon", partner.contact.phone)
        _add(contact, "Email", partner.contact.email)


def _partner(referral: Element, name: str) -> Partner:
    at = referral.find(name)
    if at is None:
        raise Unreadable(f"{name} is required.")
    kind = _required(at, "TypePartner")
    if kind not in PARTNERS:
        raise Unreadable(f"{name}/TypePartner is none of {', '.join(PARTNERS)}.")
    enterprise, own = _text(at, "KboNummer"), _text(at, "Identificatienummer")
    if bool(enterprise) == bool(own):
        raise Unreadable(f"{name}: give KboNummer or Identificatienummer.")
    contact = at.find("ContactPersoon")
    return Partner(
        kind=kind,
        enterprise_number=enterprise,
        own_number=own,
        name=_text(at, "Naam"),
        contact=Contact(
            family_name=_required(contact, "Naam"),
            given_name=_text(contact, "Voornaam"),
            phone=_text(contact, "Telefoon"),
            email=_text(contact, "Email"),
        )
        if contact is not None
        else None,
    )


def _add(at: Element, name: str, text: str) -> None:
    """Add an element that says something; one that is empty is left out."""
    if text:
        # What XML cannot hold would make the whole message unreadable.
        SubElement(at, name).text = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def _text(at: Element, name: str) -> str:
    return (at.findtext(name) or "").strip()


def _required(at: Element, name: str) -> str:
    found = _text(at, name)
    if not found:
        raise Unreadable(f"{at.tag}/{name} is required.")
    return found


def _day(at: Element, name: str) -> date | None:
    """Read a day; None where it is not known whole (`1980-00-00`)."""
    text = _text(at, name)
    if not text or "-00" in text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{at.tag}/{name} is no day (YYYY-MM-DD).") from None


def _moment(at: Element, name: str) -> datetime | None:
    """Read a moment; one without an offset is of Brussels."""
    text = _text(at, name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{at.tag}/{name} is no moment (YYYY-MM-DDThh:mm:ss).") from None
    return found if found.tzinfo else found.replace(tzinfo=BRUSSELS)
