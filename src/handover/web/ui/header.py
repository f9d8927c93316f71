"""The top of a dossier: who the client is, who directs, who works with them and how to call them, what is known."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from handover.domain.codes import LeadKind
from handover.domain.deadlines import BY_AGREEMENT
from handover.domain.dossier import Dossier, Inscription
from handover.domain.parties import Party
from handover.domain.threads import Thread
from handover.web.ui.fields import subject_of
from handover.web.ui.inbox import process_of
from handover.web.ui.pages import Page
from handover.web.ui.people import Reach


@dataclass(frozen=True, slots=True)
class Team:
    """An organisation in the dossier, with who works with the client there."""

    name: str
    kind: str
    is_own: bool
    capacity: str
    people: tuple[Reach, ...]
    """Who else than the one at the top of the page."""
    is_at_the_top: bool
    desk: Reach
    earlier: str


@dataclass(frozen=True, slots=True)
class Side:
    """Whom to call at one side, for the top of the page. `is_named`: a counsellor, and not a desk."""

    organisation: str
    kind: str
    is_own: bool
    is_lead: bool
    is_you: bool
    is_named: bool
    reach: Reach


def client_name(dossier: Dossier) -> str:
    """Give the client's name."""
    return f"{dossier.given_name} {dossier.family_name}".strip()


def sides(page: Page, dossier: Dossier) -> list[Side]:
    """Give the OCMW's and VDAB's named counsellors, our own first: whom to call must not be looked for."""
    found = [i.organisation for i in dossier.inscriptions if i.active and _is_side(page, i.organisation)]
    return [_side(page, dossier, o) for o in sorted(found, key=lambda o: o != page.own)]


def _is_side(page: Page, organisation: str) -> bool:
    return organisation == page.own or page.people.kind(organisation) != "partner"


def _named(dossier: Dossier, organisation: str) -> str:
    """Where several work with the client, who directs is the one to call."""
    lead = dossier.lead
    directs = lead.counsellor if lead.organisation == organisation else ""
    return directs or dossier.counsellor_of(organisation)


def _side(page: Page, dossier: Dossier, organisation: str) -> Side:
    named = _named(dossier, organisation)
    return Side(
        page.people.organisation(organisation),
        page.people.kind(organisation),
        organisation == page.own,
        dossier.lead.organisation == organisation,
        bool(named) and named == page.caller.counsellor_id,
        bool(named),
        page.people.reach(Party(organisation=organisation, counsellor=named)),
    )


def lead_of(page: Page, dossier: Dossier) -> tuple[str, Reach | None]:
    """Give who directs: the organisation in words, and the named counsellor."""
    lead = dossier.lead
    if lead.kind is LeadKind.EXTERNAL:
        return lead.name or page.t.code(lead.kind), None
    if not lead.organisation:
        return page.t("dossier.lead_waits", organisation=page.t.code(lead.kind)), None
    name = page.people.organisation(lead.organisation)
    if not lead.counsellor:
        return name, None
    return name, page.people.reach(Party(organisation=lead.organisation, counsellor=lead.counsellor))


def teams(page: Page, dossier: Dossier) -> list[Team]:
    """Give the organisations in the dossier, our own first."""
    active = [i for i in dossier.inscriptions if i.active]
    return [_team(page, dossier, i) for i in sorted(active, key=lambda i: i.organisation != page.own)]


def _team(page: Page, dossier: Dossier, inscription: Inscription) -> Team:
    own = inscription.organisation
    contacts = [c for c in dossier.contacts if c.organisation == own]
    now = dict.fromkeys(c.counsellor for c in contacts if c.until is None)
    earlier = dict.fromkeys(c.counsellor for c in contacts if c.until is not None and c.counsellor not in now)
    at_the_top = _named(dossier, own) if _is_side(page, own) else ""
    organisation = page.people.directory.organisations.get(own)
    return Team(
        name=page.people.organisation(own),
        kind=page.people.kind(own),
        is_own=own == page.own,
        capacity=page.t.code(inscription.capacity),
        people=tuple(page.people.reach(Party(organisation=own, counsellor=c)) for c in now if c != at_the_top),
        is_at_the_top=_is_side(page, own),
        desk=Reach(
            page.people.organisation(own),
            organisation.phone if organisation else "",
            organisation.email if organisation else "",
        ),
        earlier=", ".join(page.people.counsellor(c) for c in earlier),
    )


def facts(page: Page, dossier: Dossier) -> list[tuple[str, str]]:
    """Give the three separate facts, and each side's word on income."""
    t, known = page.t, dossier.facts

    def since(day: object) -> str:
        return t("dossier.since", day=page.dates.plain(day)) if day else t("dossier.not_known")  # type: ignore[arg-type]

    found = [
        (t("dossier.registered"), since(known.registered_at_vdab_since)),
        (t("dossier.known"), t.code(dossier.target_group)),
        (t("dossier.active"), since(known.trajectory_since)),
    ]
    found += [
        (t("dossier.benefit", organisation=page.people.organisation(o)), t.code(b))
        for o, b in sorted(known.benefits.items())
    ]
    return [(str(label), str(value)) for label, value in found]


def mandates(page: Page, dossier: Dossier) -> list[str]:
    """Give what the client agreed to, as sentences; what has ended as well."""
    t, found = page.t, []
    for mandate in dossier.mandates:
        scope = t.code(mandate.scope)
        if mandate.shared_with:
            scope += (
                f" ({page.people.organisation(mandate.given_to)} → {page.people.organisation(mandate.shared_with)})"
            )
        key = "dossier.mandate_active" if mandate.active(page.dates.today) else "dossier.mandate_ended"
        found.append(str(t(key, scope=scope, day=page.dates.plain(mandate.given_on))))
    return found


def title_of(page: Page, thread: Thread) -> str:
    """Give the name of a thread, with the purpose of a referral."""
    title = page.t(f"process.{process_of(thread.kind, thread.topic)}")
    subject = subject_of(thread.kind, thread.topic, thread.purpose)
    return f"{title}: {page.t.code(subject)}" if subject else title


def status_of(page: Page, thread: Thread) -> str:
    """Give the word for where a thread is."""
    process = process_of(thread.kind, thread.topic)
    return page.t.first(f"status.{process}.{thread.status}", f"status.{thread.status}")


def rule_text(page: Page, rule: str) -> str:
    """Give the rule behind a due moment, in words; rules come from the tables, whose names are English."""
    plain = rule.removesuffix(BY_AGREEMENT)
    if plain != rule:
        return page.t("due.rule_agreed", rule=rule_text(page, plain))
    for pattern, words in _RULES:
        if found := re.fullmatch(pattern, rule):
            return words(page, *found.groups())
    return ""


_RULES: tuple[tuple[str, Callable[..., str]], ...] = (
    (r"(\d+) working days", lambda page, n: page.t.count("due.rule_working", int(n))),
    (r"(\d+) days", lambda page, n: page.t("due.rule_days", n=n)),
    (r"on (\w+)", lambda page, field: page.t("due.rule_on", field=_label(page, field))),
    (
        r"(\d+) months before (\w+)",
        lambda page, n, field: page.t("due.rule_months_before", n=n, field=_label(page, field)),
    ),
    (
        r"(\d+) months after (\w+)",
        lambda page, n, field: page.t("due.rule_months_after", n=n, field=_label(page, field)),
    ),
    (r"aftercare.*", lambda page: page.t("due.rule_aftercare")),
)


def _label(page: Page, attribute: str) -> str:
    first, *rest = attribute.split("_")
    name = first + "".join(word.title() for word in rest)
    return page.t.first(f"field.shown.{name}", f"field.{name}").rstrip("?")
