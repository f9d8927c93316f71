"""How a caller stands to a dossier, and in which roles they come. Pure: what `domain.policy` decides by."""

from collections.abc import Iterator

from handover.domain.dossier import Dossier
from handover.domain.parties import Caller, Directory, Party
from handover.domain.policy import Relation, Role, works_everywhere

_WORDS = {str(role): role for role in Role}


def roles_of(caller: Caller) -> frozenset[Role]:
    """Give the caller's roles. Words that are no role count for nothing; without any word: by who they are."""
    if caller.roles:
        return frozenset(_WORDS[word] for word in caller.roles if word in _WORDS)
    if not caller.counsellor_id:
        return frozenset({Role.INTEGRATION})
    if caller.organisation.coordinator == caller.counsellor_id:
        return frozenset({Role.COUNSELLOR, Role.COORDINATOR})
    return frozenset({Role.COUNSELLOR})


def relation_of(
    dossier: Dossier | None, caller: Caller, directory: Directory, *, broken_glass: bool = False
) -> Relation:
    """Give how the caller stands to the dossier (None: there is no such dossier)."""
    own = caller.organisation.organisation_id
    if dossier is None or all(i.organisation != own for i in dossier.inscriptions):
        return Relation.OUTSIDE
    inside = dossier.inscription_of(own) is not None
    if _works_with(dossier, caller, directory, now=inside):
        return Relation.ASSIGNED if inside else Relation.FORMER
    if not inside:
        # For software and coordinators, who of the organisation worked with the client makes no difference then either.
        return Relation.FORMER if works_everywhere(roles_of(caller)) else Relation.OUTSIDE
    return Relation.BROKEN_GLASS if broken_glass else Relation.INSCRIBED


def _works_with(dossier: Dossier, caller: Caller, directory: Directory, *, now: bool) -> bool:
    own, who = caller.organisation.organisation_id, caller.counsellor_id
    # Who left the organisation works with nobody: their clients are not locked away with them.
    names = {n for n in _named(dossier, own, now=now) if directory.counsellor_of(own, n)}
    if not names:
        return True
    if not who:
        return False
    called = [p for p in _called(dossier) if p.organisation == own]
    if who in names or any(p.counsellor == who for p in called):
        return True
    team = c.team if (c := directory.counsellor_of(own, who)) else ""
    teams = {directory.counsellors[n].team for n in names} | {p.team for p in called}
    return bool(team) and team in teams


def _named(dossier: Dossier, own: str, *, now: bool) -> Iterator[str]:
    """Name who works with the client (`now`), or ever did."""
    yield from (c.counsellor for c in dossier.contacts if c.organisation == own and not (now and c.until))
    threads = dossier.open_threads if now else dossier.threads.values()
    yield from (p.counsellor for t in threads for p in t.parties if p.organisation == own and p.counsellor)


def _called(dossier: Dossier) -> Iterator[Party]:
    """Give whom an open thread waits for or the ladder called, and who directs: they must be able to look."""
    for thread in dossier.open_threads:
        yield from thread.parties
        yield from thread.escalated
        if thread.turn:
            yield thread.turn
    yield Party(organisation=dossier.lead.organisation, counsellor=dossier.lead.counsellor)
