"""Who may do what with a dossier: one table of roles and relations, and one of what an organisation's people may do.

`domain.visibility` says what an *organisation* sees (inscription, legal basis, mandates). This says what a *caller* of
that organisation sees of it, and only ever narrows it. Source: design, "Who sees what" and "Access". No I/O.
"""

from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType

from handover.domain.fields import Visibility


class Role(StrEnum):
    """What someone, or some software, is for in an organisation."""

    COUNSELLOR = "counsellor"
    COORDINATOR = "coordinator"
    INTEGRATION = "integration"
    DATA_PROTECTION_OFFICER = "dataProtectionOfficer"
    ADMINISTRATOR = "administrator"


class Relation(StrEnum):
    """How a caller stands to a dossier; see `domain.relations` for how it is found."""

    ASSIGNED = "assigned"
    """Works with the client, or in the team of who does; or nobody of the organisation does yet."""
    INSCRIBED = "inscribed"
    """The organisation is in the dossier, and colleagues work with the client."""
    BROKEN_GLASS = "brokenGlass"
    """As inscribed, and gave a reason to look all the same, less than four hours ago."""
    FORMER = "former"
    """The organisation was in the dossier, and the caller worked with the client then, or acts for all of it."""
    OUTSIDE = "outside"


class Action(StrEnum):
    """What the API and the screens do with a dossier."""

    FIND_DOSSIER = "findDossier"
    """See in a list, a search or an inbox that it exists, for whom, and who works with the client."""
    READ_DOSSIER = "readDossier"
    READ_TIMELINE = "readTimeline"
    READ_EVENT = "readEvent"
    """One event, by its link or in the feed; also the last of an inscription that has closed."""
    POST_STEP = "postStep"
    READ_ACCESS_LOG = "readAccessLog"
    BREAK_GLASS = "breakGlass"


class Task(StrEnum):
    """What concerns the organisation, and no dossier in particular."""

    OPEN_DOSSIER = "openDossier"
    LIST_DOSSIERS = "listDossiers"
    SEARCH_DOSSIERS = "searchDossiers"
    IDENTIFY_PERSON = "identifyPerson"
    """Compare a number, a name and a birth date with what is known, without being shown any of it."""
    READ_INBOX = "readInbox"
    READ_FEED = "readFeed"
    READ_REFERENCE = "readReference"
    """Organisations, code lists, offers, agreements, checkpoints: nothing about a client."""
    MANAGE_AGREEMENTS = "manageAgreements"
    MANAGE_OFFERS = "manageOffers"
    MANAGE_SUBSCRIPTIONS = "manageSubscriptions"
    READ_ORGANISATION_LOG = "readOrganisationLog"
    READ_BREAK_GLASS = "readBreakGlass"
    KEEP_SETTINGS = "keepSettings"
    """One's own: language, notices, signing out elsewhere."""
    READ_LOAD = "readLoad"
    """How many dossiers and turns each colleague has, and which: to divide the work."""
    DIVIDE_WORK = "divideWork"
    """Give dossiers of the organisation to another counsellor, many at once, without being shown what is in them."""


Classes = frozenset[Visibility]
_NOTHING: Classes = frozenset()
_STEP: Classes = frozenset({Visibility.STEP})
_WITHOUT_CONFIDENTIAL: Classes = frozenset({Visibility.STEP, Visibility.CONTENT, Visibility.INTERNAL})
ALL: Classes = frozenset(Visibility)
CONFIDENTIAL_SCOPE = "dossier:confidential"
"""What a system's token needs besides, to be given other organisations' confidential fields."""

_C, _O, _I, _D = Role.COUNSELLOR, Role.COORDINATOR, Role.INTEGRATION, Role.DATA_PROTECTION_OFFICER
_IN, _NEAR, _GLASS, _GONE = Relation.ASSIGNED, Relation.INSCRIBED, Relation.BROKEN_GLASS, Relation.FORMER
_READ = "findDossier readDossier readTimeline readEvent readAccessLog"

# role, how it stands to the dossier: what it may do, and which classes of fields it sees when it does.
_ROWS: tuple[tuple[Role, Relation, str, Classes], ...] = (
    (_C, _IN, f"{_READ} postStep breakGlass", ALL),
    (_C, _GLASS, f"{_READ} breakGlass", _WITHOUT_CONFIDENTIAL),
    (_C, _NEAR, "findDossier breakGlass", _STEP),
    (_C, _GONE, "readEvent", _WITHOUT_CONFIDENTIAL),
    (_O, _IN, f"{_READ} postStep breakGlass", ALL),
    (_O, _GLASS, f"{_READ} postStep breakGlass", ALL),
    (_O, _NEAR, f"{_READ} postStep breakGlass", ALL),
    (_O, _GONE, "readEvent", _WITHOUT_CONFIDENTIAL),
    (_I, _IN, f"{_READ} postStep", ALL),
    (_I, _GLASS, f"{_READ} postStep", ALL),
    (_I, _NEAR, f"{_READ} postStep", ALL),
    (_I, _GONE, "readEvent", _WITHOUT_CONFIDENTIAL),
    (_D, _IN, "readAccessLog", _NOTHING),
    (_D, _GLASS, "readAccessLog", _NOTHING),
    (_D, _NEAR, "readAccessLog", _NOTHING),
)
"""What does not stand here is denied: the administrator has no row, and nobody has one for a dossier of others."""

_TASKS: dict[Task, frozenset[Role]] = {
    Task.OPEN_DOSSIER: frozenset({_C, _O, _I}),
    Task.LIST_DOSSIERS: frozenset({_C, _O, _I}),
    Task.SEARCH_DOSSIERS: frozenset({_C, _O, _I}),
    Task.IDENTIFY_PERSON: frozenset({_C, _O, _I}),
    Task.READ_INBOX: frozenset({_C, _O, _I}),
    Task.READ_FEED: frozenset({_C, _O, _I}),
    Task.READ_REFERENCE: frozenset(Role),
    Task.MANAGE_AGREEMENTS: frozenset({_C, _O, _I}),
    Task.MANAGE_OFFERS: frozenset({_C, _O, _I}),
    Task.MANAGE_SUBSCRIPTIONS: frozenset({_O, _I, Role.ADMINISTRATOR}),
    Task.READ_ORGANISATION_LOG: frozenset({_D}),
    Task.READ_BREAK_GLASS: frozenset({_D}),
    Task.KEEP_SETTINGS: frozenset(Role),
    Task.READ_LOAD: frozenset({_O}),
    Task.DIVIDE_WORK: frozenset({_O}),
}

TABLE = MappingProxyType(
    {(role, relation, Action(name)): classes for role, relation, names, classes in _ROWS for name in names.split()}
)
TASKS = MappingProxyType(_TASKS)
_ONLY_THAT = frozenset({Action.FIND_DOSSIER, Action.READ_ACCESS_LOG, Action.BREAK_GLASS})
"""These show no fields beyond `step`, whoever does them."""


def decide(
    roles: Iterable[Role], action: Action, relation: Relation, scopes: frozenset[str] = frozenset()
) -> Classes | None:
    """Give the classes of fields that the roles together see with this action; None when it is denied."""
    found: Classes | None = None
    for role in roles:
        classes = TABLE.get((role, relation, action))
        if classes is None:
            continue
        if role is Role.INTEGRATION and CONFIDENTIAL_SCOPE not in scopes:
            classes -= {Visibility.CONFIDENTIAL}
        found = (found or _NOTHING) | (classes & _STEP if action in _ONLY_THAT else classes)
    return found


def may(roles: Iterable[Role], task: Task) -> bool:
    """Tell whether one of the roles may do this for its organisation."""
    return not TASKS[task].isdisjoint(roles)


def works_everywhere(roles: Iterable[Role]) -> bool:
    """Tell whether it makes no difference to these roles who of the organisation works with a client."""
    return not {Role.COORDINATOR, Role.INTEGRATION}.isdisjoint(roles)


def narrowed(given: Classes, granted: Classes, *, own: bool) -> Classes:
    """Narrow what an organisation sees of an event to what its caller sees.

    Who sees the organisation's `internal` fields sees all that it wrote itself: it withholds nothing from itself.
    """
    return given if own and Visibility.INTERNAL in granted else given & granted
