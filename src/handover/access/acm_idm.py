"""What Flanders' sign-in (ACM/IDM) says about a person, brought to our organisation, counsellor and roles. Pure.

Claims read: `vo_id` (who), `vo_orgcode` with `vo_doelgroepcode` (for whom: `LB` local authorities and others by KBO
number, `GID` the Flemish government by OVO code), and the roles claim, a text or a list of `Role:orgcode`.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from handover.domain.parties import Counsellor, Directory, Organisation

FLEMISH_GOVERNMENT = "GID"
_OVO = re.compile(r"OVO\d{6}")
_ENTERPRISE_NUMBER = re.compile(r"[01]\d{9}")
_SUBJECT = re.compile(r"[\x21-\x7e]{1,200}")
_NOT_A_LETTER = re.compile(r"[^a-z]")


class Role(StrEnum):
    """What someone may be here; the policy says what each may do."""

    COUNSELLOR = "counsellor"
    COORDINATOR = "coordinator"
    INTEGRATION = "integration"
    DATA_PROTECTION_OFFICER = "dataProtectionOfficer"
    ADMINISTRATOR = "administrator"


class Reason(StrEnum):
    """Why someone who signed in elsewhere is not let in here."""

    INCOMPLETE = "incomplete"
    UNKNOWN_ORGANISATION = "unknownOrganisation"
    UNKNOWN_COUNSELLOR = "unknownCounsellor"
    NO_ROLE = "noRole"


ROLE_NAMES: Mapping[str, Role] = MappingProxyType(
    {
        "medewerker": Role.COUNSELLOR,
        "begeleider": Role.COUNSELLOR,
        "trajectbegeleider": Role.COUNSELLOR,
        "bemiddelaar": Role.COUNSELLOR,
        "maatschappelijkwerker": Role.COUNSELLOR,
        "coordinator": Role.COORDINATOR,
        "integratie": Role.INTEGRATION,
        "functionarisgegevensbescherming": Role.DATA_PROTECTION_OFFICER,
        "dpo": Role.DATA_PROTECTION_OFFICER,
        "beheerder": Role.ADMINISTRATOR,
    }
)
"""Names of roles as ACM/IDM gives them, without accents, spaces and capitals; a setting adds to them."""


class NotLetIn(Exception):  # noqa: N818 - an answer, not a fault
    """Someone who signed in elsewhere is nobody here; `reason` says why, and never repeats a claim."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the identity provider says: who (`vo_id`), for which organisation (KBO number or OVO code), as what."""

    subject: str
    organisation_code: str
    role_names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Person:
    """Who that is here."""

    organisation: Organisation
    counsellor: Counsellor
    roles: frozenset[str]


def claimed(claims: Mapping[str, object], roles_claim: str) -> Claimed:
    """Read the claims. Raises NotLetIn (incomplete) when who or for whom is not said in its form."""
    subject, code, group = (claims.get(name, "") for name in ("vo_id", "vo_orgcode", "vo_doelgroepcode"))
    if not isinstance(subject, str) or not isinstance(code, str) or not _SUBJECT.fullmatch(subject):
        raise NotLetIn(Reason.INCOMPLETE)
    organisation = plain_code(code)
    # A code of the other form than the group has would be looked up in the wrong register.
    if bool(_OVO.fullmatch(organisation)) != (group == FLEMISH_GOVERNMENT) or not organisation:
        raise NotLetIn(Reason.INCOMPLETE)
    return Claimed(subject, organisation, frozenset(_roles_at(claims.get(roles_claim), organisation)))


def person(
    said: Claimed,
    directory: Directory,
    *,
    known_as: Collection[str],
    enterprise_number: str = "",
    names: Mapping[str, str] = ROLE_NAMES,
) -> Person:
    """Give who that is here.

    `known_as` are the counsellor ids behind the subject, `enterprise_number` the one behind an OVO code, and `names`
    the roles by plain name (`plain_name`). Raises NotLetIn.
    """
    number = enterprise_number if _OVO.fullmatch(said.organisation_code) else said.organisation_code
    organisation = next((o for o in directory.organisations.values() if number and o.enterprise_number == number), None)
    if organisation is None:
        raise NotLetIn(Reason.UNKNOWN_ORGANISATION)
    here = (directory.counsellor_of(organisation.organisation_id, account) for account in sorted(known_as))
    counsellor = next((one for one in here if one), None)
    if counsellor is None:
        raise NotLetIn(Reason.UNKNOWN_COUNSELLOR)
    roles = frozenset(str(names[name]) for name in said.role_names if name in names)
    if not roles:
        raise NotLetIn(Reason.NO_ROLE)
    return Person(organisation, counsellor, roles)


def plain_code(text: str) -> str:
    """Give a KBO number as ten digits or an OVO code in capitals; "" for anything else."""
    plain = re.sub(r"[\s.]", "", text).upper().removeprefix("BE")
    return plain if _OVO.fullmatch(plain) or _ENTERPRISE_NUMBER.fullmatch(plain) else ""


def plain_name(text: str) -> str:
    """Give a role's name without accents, capitals, spaces and signs."""
    return _NOT_A_LETTER.sub("", unicodedata.normalize("NFKD", text).casefold())


def _roles_at(claim: object, organisation: str) -> Iterable[str]:
    """Give the plain names of the roles at that organisation; those at others do not count here."""
    listed = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else []
    for text in listed:
        if isinstance(text, str):
            name, _, code = text.rpartition(":")
            if plain_code(code) == organisation:
                yield plain_name(name)
