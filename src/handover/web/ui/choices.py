"""What there is to choose from in a field of a step: near people and organisations first, others by searching."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from handover.domain.codes import OrganisationKind
from handover.domain.dossier import Dossier, Mandate
from handover.domain.parties import Organisation
from handover.web.ui import header
from handover.web.ui.fields import Shape, Widget
from handover.web.ui.pages import Page
from handover.web.ui.reading import Typed

SIGNED = {"assessedBy", "decidedBy"}
"""Who signs: only for oneself."""
MOST_LISTED = 60
"""A longer list costs a phone more than it helps: then only who is near stands in it, and there is a search."""
_MOST_FOUND = 30
_NAMES_OTHERS = {"asked", "participantInvited"}
"""Steps whose `counsellor` works elsewhere."""
_OCMW, _VDAB = OrganisationKind.OCMW, OrganisationKind.VDAB
_RECEIVERS = {
    ("label.requested", _OCMW): {_VDAB},
    ("label.requested", _VDAB): {_OCMW},
    ("nonCooperation.observed", _VDAB): {_OCMW},
}


_Named = tuple[str, str, str]
"""Someone who may be chosen: id, name, and the name of the group. Of thousands only few become a choice."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    value: str
    label: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Finder:
    """The search beside a list that is too long to show: what was looked for, and what came of it, in words."""

    query: str
    said: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What stands in the list, the search where there is one, and what it found where that is one thing only."""

    listed: tuple[Choice, ...] = ()
    finder: Finder | None = None
    only: str = ""


class Chooser:
    """Gives what there is to choose from in the fields of one step, for one person."""

    def __init__(self, page: Page, dossier: Dossier, event_type: str) -> None:
        self.page, self.dossier, self.event_type = page, dossier, event_type

    def of(self, shape: Shape, typed: Typed, name: str) -> Choices:  # noqa: PLR0911 - one return per kind of choice
        """Give the choices of a field; `typed` holds what was chosen in it, and what was looked for."""
        t, people = self.page.t, self.page.people
        match shape.widget:
            case Widget.CODE | Widget.CODES:
                return _all(Choice(str(code), t.code(code)) for code in shape.codes)
            case Widget.LANGUAGE:
                found = [Choice(key[9:], t(key)) for key in t if key.startswith("language.")]
                return _all(sorted(found, key=lambda choice: choice.label))
            case Widget.LEGAL_BASIS:
                today = self.page.dates.today
                bases = people.directory.legal_bases.values()
                return _all(Choice(b.legal_basis_id, b.title) for b in bases if b.in_force(today))
            case Widget.ORGANISATION | Widget.ORGANISATIONS:
                return self._organisations(shape, typed, name)
            case Widget.THREAD:
                return self._threads()
            case Widget.MANDATE:
                return _all(Choice(str(m.mandate_id), self._mandate(m)) for m in self.dossier.standing_mandates)
            case Widget.COUNSELLOR:
                return self._counsellors(shape, typed, name)
            case _:
                return Choices()

    def may_receive(self, organisation: Organisation) -> bool:
        """Leave out whom the step cannot go to by the tables' own guards."""
        among = _RECEIVERS.get((self.event_type, self.page.caller.organisation.kind))
        return among is None or organisation.kind in among

    def _organisations(self, shape: Shape, typed: Typed, name: str) -> Choices:
        people, own, dossier = self.page.people, self.page.own, self.dossier
        if shape.name == "organisation" and self.event_type == "dossier.inscriptionClosed":
            inside = [i.organisation for i in dossier.inscriptions if i.active]
            mine = [o for o in inside if own in {o, dossier.lead.organisation}]
            return _all(Choice(o, people.organisation(o)) for o in mine)
        possible = [
            o
            for o in people.others(own)
            if (shape.name != "lead" or o.kind is not OrganisationKind.PARTNER)
            and (shape.name != "receiver" or self.may_receive(o))
        ]
        return self._listed(
            [(o.organisation_id, o.name, "") for o in possible],
            {*self._near(), *(o.organisation_id for o in possible if o.kind is _VDAB)},
            typed,
            name,
        )

    def _near(self) -> set[str]:
        """Give the organisations that are in the dossier, and those that ours has an agreement with."""
        directory, own, today = self.page.people.directory, self.page.own, self.page.dates.today
        inside = {i.organisation for i in self.dossier.inscriptions if i.active}
        agreed = [a for a in directory.agreements if own in {a.ocmw, a.vdab} and a.in_force(today)]
        # VDAB has an agreement with everybody: then it tells nothing.
        return inside | ({o for a in agreed for o in (a.ocmw, a.vdab)} if len(agreed) <= _MOST_FOUND else set())

    def _counsellors(self, shape: Shape, typed: Typed, name: str) -> Choices:
        people, own = self.page.people, self.page.own
        if shape.name == "replaced":
            now = [c.counsellor for c in self.dossier.contacts if c.organisation == own and c.until is None]
            return _all(Choice(c, people.counsellor(c)) for c in now)
        if shape.name in SIGNED and self.page.caller.counsellor_id:
            own_name = self.page.caller.counsellor_id
            return Choices((Choice(own_name, people.counsellor(own_name)),))
        elsewhere = shape.name == "otherCounsellor" or self.event_type.partition(".")[2] in _NAMES_OTHERS
        if elsewhere:
            directory, near = people.directory, self._near()
            organisations = sorted(people.others(own), key=lambda o: o.organisation_id not in near)
            found = [
                (c.counsellor_id, c.name, o.name)
                for o in organisations
                for c in directory.counsellors_of(o.organisation_id)
            ]
        else:
            found = [(c.counsellor_id, c.name, "") for c in people.of(own)]
        return self._listed(found, self._near_people(elsewhere=elsewhere), typed, name)

    def _near_people(self, *, elsewhere: bool) -> set[str]:
        """Give who is near: named in the dossier, whom the agreement names, oneself and one's own team."""
        directory, own, today = self.page.people.directory, self.page.own, self.page.dates.today
        found = {c.counsellor for c in self.dossier.contacts if c.until is None}
        if elsewhere:
            inside = [i.organisation for i in self.dossier.inscriptions if i.active and i.organisation != own]
            for organisation in inside:
                agreement = directory.agreement_of((own, organisation), today)
                found.add(directory.contact(organisation, agreement, today).counsellor)
            return found
        myself = directory.counsellors.get(self.page.caller.counsellor_id)
        mine = myself.team if myself else ""
        team = [c.counsellor_id for c in directory.counsellors_of(own) if mine and c.team == mine]
        return found | {self.page.caller.counsellor_id, *team[:MOST_LISTED]}

    def _listed(self, found: Sequence[_Named], near: Collection[str], typed: Typed, name: str) -> Choices:
        """List all where they are few; else who is near, what was chosen, and what was looked for."""
        if len(found) <= MOST_LISTED:
            return _all(Choice(*one) for one in found)
        query = next(iter(typed.get(f"find.{name}", ())), "").strip()
        words = query.casefold().split()
        matches = [one for one in found if words and _is_called(one, words)]
        shown = {*near, *typed.get(name, ()), *(value for value, _, _ in matches[:_MOST_FOUND])}
        return Choices(
            tuple(Choice(*one) for one in found if one[0] in shown),
            Finder(query, self._said(query, len(matches))),
            matches[0][0] if len(matches) == 1 else "",
        )

    def _said(self, query: str, n: int) -> str:
        t = self.page.t
        if not query:
            return ""
        if not n:
            return str(t("form.found_none", query=query))
        return str(t("form.found_many", n=_MOST_FOUND) if n > _MOST_FOUND else t.count("form.found", n))

    def _threads(self) -> Choices:
        """Give the processes that a step can be about: those we see, open ones first."""
        seen = sorted(self.dossier.threads_seen_by(self.page.own), key=lambda th: (not th.is_open, th.opened_at))
        return _all(Choice(str(th.thread_id), header.title_of(self.page, th)) for th in seen)

    def _mandate(self, mandate: Mandate) -> str:
        t, people = self.page.t, self.page.people
        words = f"{t.code(mandate.scope)} ({people.organisation(mandate.given_to)})"
        if mandate.shared_with:
            words += f" → {people.organisation(mandate.shared_with)}"
        return f"{words}, {self.page.dates.plain(mandate.given_on)}"


def _is_called(one: _Named, words: Sequence[str]) -> bool:
    """Tell whether each word begins a word of the name or of the group."""
    parts = f"{one[1]} {one[2]}".casefold().split()
    return all(any(part.startswith(word) for part in parts) for word in words)


def _all(choices: Iterable[Choice]) -> Choices:
    return Choices(tuple(choices))
