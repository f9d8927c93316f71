"""Two dossiers of one client: one closes with its chain, what was open goes on in the other."""

from uuid import UUID

import pytest
from msgspec.structs import replace
from tests.domain.world import OCMW, OCMW_1, PARTNER, PARTNER_1, VDAB, VDAB_1, Case, caller, example, opening

from handover.domain.dossier import fold
from handover.domain.events import Merge
from handover.domain.merging import merge
from handover.domain.refusals import DossierMerged, Unseen, WrongParty, WrongState
from handover.domain.threads import Status

SURVIVOR = UUID(int=0x50F)


def _two() -> tuple[Case, Case]:
    merged, survivor = Case(), Case()
    merged.open(OCMW_1)
    merged.open(VDAB_1)
    merged.post(OCMW_1, "handover.requested")
    survivor.run(opening(OCMW_1, command_id=survivor.next_id(), dossier_id=SURVIVOR))
    return merged, survivor


def _command(who: str = OCMW_1, into: UUID = SURVIVOR) -> Merge:
    return Merge(command_id=UUID(int=(0x0191 << 112)), dossier_id=UUID(int=0xD0551E4), caller=caller(who), into=into)


def test_open_threads_and_organisations_go_on() -> None:
    old, new = _two()
    thread = old.thread
    (closing, merged), (taking, survivor) = merge(old.dossier, new.dossier, _command(), at=old.at)
    assert [e.type for e in closing] == ["dossier.merged"]
    assert (merged.closed, merged.merged_into, merged.open_threads) == (True, SURVIVOR, ())
    assert merged.threads[thread.thread_id].status is Status.CLOSED
    assert [e.type for e in taking] == ["dossier.absorbed", "dossier.inscriptionOpened"]
    assert survivor.threads[thread.thread_id] == thread, "as it stood, with its turn and its date"
    assert survivor.inscription_of(VDAB)
    assert fold((*old.events, *closing)) == merged
    assert fold((*new.events, *taking)) == survivor
    assert merged.entitled_to(closing[0]) == {OCMW, VDAB}, "both are told"


def test_a_merged_dossier_takes_no_steps() -> None:
    old, new = _two()
    (closing, merged), _ = merge(old.dossier, new.dossier, _command(), at=old.at)
    old.events += closing
    old.found = merged
    old.refused(DossierMerged, OCMW_1, "dossier.reopened")
    with pytest.raises(DossierMerged):
        merge(merged, new.dossier, _command(), at=old.at)


def test_only_by_an_ocmw_or_vdab_that_is_in_both() -> None:
    old, new = _two()
    for who in (VDAB_1, PARTNER_1):
        with pytest.raises(Unseen):
            merge(old.dossier, new.dossier, _command(who), at=old.at)
    for case in (old, new):
        case.post(OCMW_1, "training.proposed", replace(example("training.proposed"), receiver=PARTNER))
    with pytest.raises(WrongParty):
        merge(old.dossier, new.dossier, _command(PARTNER_1), at=old.at)


def test_not_into_a_closed_one() -> None:
    old, new = _two()
    new.post(OCMW_1, "dossier.closed")
    with pytest.raises(WrongState):
        merge(old.dossier, new.dossier, _command(), at=old.at)
