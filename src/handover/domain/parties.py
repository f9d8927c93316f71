"""Who takes part: organisations, counsellors, and the caller of a command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from msgspec import Struct

from handover.domain.agreements import Agreement
from handover.domain.codes import Capacity, OrganisationKind, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An OCMW, VDAB or a partner. `organisation_id` is its short name, `enterprise_number` its KBO number."""

    organisation_id: str
    kind: OrganisationKind
    enterprise_number: str
    name: str
    phone: str = ""
    email: str = ""
    coordinator: str = ""
    """Counsellor who gets the turn when nobody else is named: a turn never goes to nobody."""
    webhook_hosts: tuple[str, ...] = ()
    """Hosts that its webhooks may go to: `name`, or `*.name` for all below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counsellor:
    """Someone who works for one organisation, in a team."""

    counsellor_id: str
    organisation_id: str
    name: str
    team: str = ""
    function: str = ""
    phone: str = ""
    email: str = ""
    person: str = ""
    """Opaque identifier of the person, the same for every account of one human being ("": not known)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """A published protocol or deliberation, with the purposes it allows and its period."""

    legal_basis_id: str
    title: str
    reference: str
    purposes: frozenset[Purpose]
    valid_from: date
    valid_until: date | None = None

    def allows(self, purpose: Purpose, on: date) -> bool:
        """Tell whether an exchange for `purpose` may rest on this basis on that day."""
        return purpose in self.purposes and self.in_force(on)

    def in_force(self, on: date) -> bool:
        """Tell whether the basis is in force on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


class Actor(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who did it: a counsellor, or an application acting for an organisation."""

    name: str
    counsellor_id: str = ""
    application: str = ""


SYSTEM = Actor(name="handover", application="handover")


class Party(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One side of a thread: the organisation and, once known, the named counsellor; before that perhaps a team."""

    organisation: str
    counsellor: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """Everyone the rules may need to know by name, as it stood when the command came in."""

    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    counsellors: Mapping[str, Counsellor] = field(default_factory=dict)
    legal_bases: Mapping[str, LegalBasis] = field(default_factory=dict)
    agreements: tuple[Agreement, ...] = ()
    _by_ocmw: dict[str, tuple[Agreement, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _people_of: dict[str, list[Counsellor]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _by_name: list[Organisation] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        """Sort once what steps and screens ask for again and again: one of hundreds, or of thousands."""
        for agreement in self.agreements:
            self._by_ocmw[agreement.ocmw] = (*self._by_ocmw.get(agreement.ocmw, ()), agreement)
        for counsellor in sorted(self.counsellors.values(), key=lambda c: c.name.casefold()):
            self._people_of.setdefault(counsellor.organisation_id, []).append(counsellor)
        self._by_name.extend(sorted(self.organisations.values(), key=lambda o: o.name.casefold()))

    def counsellors_of(self, organisation_id: str) -> Sequence[Counsellor]:
        """Give everyone who works for the organisation, by name."""
        return self._people_of.get(organisation_id, ())

    @property
    def organisations_by_name(self) -> Sequence[Organisation]:
        """Give every organisation, by name."""
        return self._by_name

    def counsellor_of(self, organisation_id: str, counsellor_id: str) -> Counsellor | None:
        """Give the counsellor if that person works for that organisation."""
        found = self.counsellors.get(counsellor_id)
        return found if found and found.organisation_id == organisation_id else None

    def agreement_of(self, organisations: Iterable[str], on: date) -> Agreement | None:
        """Give the agreement in force that these organisations work under: of the OCMW among them, with VDAB."""
        if not self._by_ocmw:
            return None
        among = set(organisations)
        found = [a for ocmw in among for a in self._by_ocmw.get(ocmw, ()) if a.in_force(on)]
        # With both sides first; of two that overlap the younger holds.
        return max(found, key=lambda a: (a.vdab in among, a.valid_from), default=None)

    def contact(self, organisation_id: str, agreement: Agreement | None, on: date, *, priority: bool = False) -> Party:
        """Give who takes a turn before someone is named: never nobody (design: threads, invariants)."""

        def works_here(counsellor_id: str) -> bool:
            return self.counsellor_of(organisation_id, counsellor_id) is not None

        counsellor, team = "", ""
        if agreement:
            line = agreement.line_contact(organisation_id) if priority else ""
            desk = agreement.desk_of(organisation_id)
            counsellor, team = (line, "") if works_here(line) else desk.first_in_line(on, works_here)
        organisation = self.organisations.get(organisation_id)
        if not counsellor and not team and organisation:
            counsellor = organisation.coordinator
        return Party(organisation=organisation_id, counsellor=counsellor, team=team)

    def same_person(self, one: str, other: str) -> bool:
        """Tell whether two accounts are one human being: the same account, or the same person identifier."""
        if one == other:
            return True
        persons = [c.person if (c := self.counsellors.get(account)) else "" for account in (one, other)]
        return bool(persons[0]) and persons[0] == persons[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the organisation, and the person or application acting for it."""

    organisation: Organisation
    actor: Actor
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    """What the identity provider says this caller is; the policy knows the words."""

    @property
    def counsellor_id(self) -> str:
        """The counsellor who acts, or "" for an application."""
        return self.actor.counsellor_id

    @property
    def party(self) -> Party:
        """The caller as one side of a thread."""
        return Party(organisation=self.organisation.organisation_id, counsellor=self.actor.counsellor_id)


NOBODY = Caller(
    organisation=Organisation(organisation_id="", kind=OrganisationKind.PARTNER, enterprise_number="", name=""),
    actor=SYSTEM,
)
"""Who passes time: no organisation; what it records names the organisation that it concerns."""

CAPACITY_BY_REFERRAL = {
    OrganisationKind.OCMW: Capacity.OTHER_GUIDANCE,
    OrganisationKind.VDAB: Capacity.JOB_SEEKER,
    OrganisationKind.PARTNER: Capacity.ACTION_PARTNER,
}
"""In which capacity a referral inscribes the receiver."""
