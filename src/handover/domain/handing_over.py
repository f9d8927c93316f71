"""Dividing the work: which step gives a colleague a dossier, as the dossier stands when it is taken. Pure."""

from enum import StrEnum

from handover.domain.dossier import Dossier
from handover.domain.kinds.dossier import CounsellorAssigned, CounsellorReplaced
from handover.domain.parties import Directory
from handover.domain.taking_over import working_for, works_with


class Kept(StrEnum):
    """Why a dossier is left as it is."""

    ALREADY = "already"
    """Who is to have it has it."""
    ELSEWHERE = "elsewhere"
    """Somebody else has taken it meanwhile: who divides the work looks again before taking it from them."""
    CLOSED = "closed"
    UNSEEN = "unseen"
    """The organisation is not in that dossier, or there is none."""


Step = CounsellorAssigned | CounsellorReplaced


def step_of(
    dossier: Dossier | None, own: str, directory: Directory, *, leaving: str, taking: str, why: str | None = None
) -> Step | Kept:
    """Give the step by which `taking` gets the dossier from `leaving` ("": from nobody, or a team), or why none is."""
    if dossier is None or dossier.inscription_of(own) is None:
        return Kept.UNSEEN
    if dossier.closed:
        return Kept.CLOSED
    present = working_for(dossier, own, directory)
    # A turn alone may be a question to the coordinator: then the colleague who works with the client stays.
    has_it = leaving and (works_with(dossier, own, leaving) or (present and _has_a_turn(dossier, own, leaving)))
    if has_it:
        return CounsellorReplaced(replaced=leaving, counsellor=taking, why=why)
    if not present:
        return _first(dossier, own, taking, why)
    return Kept.ALREADY if taking in present else Kept.ELSEWHERE


def _first(dossier: Dossier, own: str, taking: str, why: str | None) -> Step:
    """Nobody works with the client: whoever did and has left the organisation is replaced, else one is named."""
    left = dossier.counsellor_of(own)
    if left:
        return CounsellorReplaced(replaced=left, counsellor=taking, why=why)
    return CounsellorAssigned(counsellor=taking)


def _has_a_turn(dossier: Dossier, own: str, counsellor: str) -> bool:
    turns = (thread.turn for thread in dossier.open_threads)
    return any(turn and (turn.organisation, turn.counsellor) == (own, counsellor) for turn in turns)
