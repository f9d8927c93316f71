"""Mandates: given, withdrawn, expired; enforced on write and on read; what was seen stays proven."""

import dataclasses
from datetime import date, timedelta

from msgspec.structs import replace
from tests.domain.world import OCMW, OCMW_1, OTHER, OTHER_1, VDAB, VDAB_1, Case

from handover.domain.codes_dossier import MandateScope
from handover.domain.events import PassTime
from handover.domain.fields import Visibility
from handover.domain.kinds import dossier as d
from handover.domain.kinds.intake import RegisteredAtVdab
from handover.domain.refusals import InvalidField, LegalBasisEnded, MandateMissing, WrongState
from handover.domain.threads import Status
from handover.domain.visibility import Reader

HEALTH = "intake.recorded"


def _case() -> Case:
    case = Case()
    case.open(OCMW_1)
    case.open(VDAB_1)
    return case


def _share(case: Case, **changes: object) -> d.MandateGiven:
    data = d.MandateGiven(
        scope=MandateScope.SHARE_CONFIDENTIAL,
        given_on=case.at.date(),
        shared_with=VDAB,
        **changes,  # type: ignore[arg-type]
    )
    case.post(OCMW_1, "dossier.mandateGiven", data)
    return data


def _reader(case: Case, organisation: str = VDAB) -> Reader:
    place = case.dossier.inscription_of(organisation)
    assert place
    return Reader.of(case.dossier, place, case.directory, on=case.at.date())


def _withdraw(case: Case, who: str = OCMW_1) -> None:
    mandate = case.dossier.standing_mandates[0]
    case.post(who, "dossier.mandateWithdrawn", d.MandateWithdrawn(mandate_id=str(mandate.mandate_id)))


def test_confidential_stays_with_its_author_until_the_client_shares_it() -> None:
    case = _case()
    assert Visibility.CONFIDENTIAL not in _reader(case).classes(HEALTH, OCMW)
    assert _reader(case).redacted(HEALTH, OCMW, ("health", "ownNote", "situation")) == ()
    _share(case)
    assert Visibility.CONFIDENTIAL in _reader(case).classes(HEALTH, OCMW)
    assert Visibility.INTERNAL not in _reader(case).classes(HEALTH, OCMW)
    assert Visibility.CONFIDENTIAL not in _reader(case, OCMW).classes(HEALTH, VDAB), "one way only"


def test_only_the_organisation_that_is_named() -> None:
    case = _case()
    case.open(OTHER_1)
    _share(case)
    assert Visibility.CONFIDENTIAL not in _reader(case, OTHER).classes(HEALTH, OCMW)


def test_a_withdrawal_redacts_from_then_on_and_must_be_acknowledged() -> None:
    case = _case()
    _share(case)
    before = case.dossier.version
    _withdraw(case)
    reader = _reader(case)
    assert Visibility.CONFIDENTIAL not in reader.classes(HEALTH, OCMW)
    assert reader.redacted(HEALTH, OCMW, ("health", "situation")) == ("health",), "withheld, and said so"
    assert (case.thread.topic, case.turn.organisation) == ("mandate", VDAB)
    case.post(VDAB_1, "dossier.mandateWithdrawalAcknowledged")
    assert case.thread.status is Status.COMPLETED
    mandate = case.dossier.mandates[0]
    assert mandate.sequence <= before < (mandate.ended_sequence or 0), "what was open then stays proven"
    case.refused(MandateMissing, OCMW_1, "dossier.mandateWithdrawn", d.MandateWithdrawn(mandate_id="x"))


def test_nobody_to_acknowledge_leaves_nothing_open() -> None:
    case = Case()
    case.open(OCMW_1)
    data = d.MandateGiven(scope=MandateScope.REGISTER_AT_VDAB, given_on=case.at.date())
    case.post(OCMW_1, "dossier.mandateGiven", data)
    _withdraw(case)
    assert case.dossier.open_threads == ()


def test_a_mandate_expires_by_itself() -> None:
    case = _case()
    _share(case, valid_until=case.at.date() + timedelta(days=7))
    case.later(days=7)
    assert Visibility.CONFIDENTIAL in _reader(case).classes(HEALTH, OCMW), "the last day counts"
    assert case.run(PassTime(command_id=case.next_id(), dossier_id=case.dossier.dossier_id)) == ()
    case.later(days=1)
    assert Visibility.CONFIDENTIAL not in _reader(case).classes(HEALTH, OCMW), "whether or not it was told yet"
    told = case.run(PassTime(command_id=case.next_id(), dossier_id=case.dossier.dossier_id))
    assert [e.type for e in told] == ["dossier.mandateExpired"]
    assert case.dossier.standing_mandates == ()
    assert case.run(PassTime(command_id=case.next_id(), dossier_id=case.dossier.dossier_id)) == ()


def test_registering_for_the_client_needs_a_mandate() -> None:
    case = _case()
    on_behalf = RegisteredAtVdab(since=date(2026, 11, 2), on_behalf=True)
    case.refused(MandateMissing, OCMW_1, "dossier.registeredAtVdab", on_behalf)
    _share(case)
    case.refused(MandateMissing, OCMW_1, "dossier.registeredAtVdab", on_behalf)
    given = d.MandateGiven(scope=MandateScope.REGISTER_AT_VDAB, given_on=case.at.date())
    case.post(OCMW_1, "dossier.mandateGiven", given)
    case.post(OCMW_1, "dossier.registeredAtVdab", on_behalf)
    case.refused(MandateMissing, VDAB_1, "dossier.registeredAtVdab", on_behalf)
    case.post(VDAB_1, "dossier.registeredAtVdab", replace(on_behalf, on_behalf=False))


def test_what_a_mandate_names_must_be_there() -> None:
    case = _case()
    shares = d.MandateGiven(scope=MandateScope.SHARE_CONFIDENTIAL, given_on=case.at.date())
    case.refused(InvalidField, OCMW_1, "dossier.mandateGiven", shares)
    case.refused(InvalidField, OCMW_1, "dossier.mandateGiven", replace(shares, shared_with="nergens"))
    registers = replace(shares, scope=MandateScope.REGISTER_AT_VDAB, shared_with=VDAB)
    case.refused(InvalidField, OCMW_1, "dossier.mandateGiven", registers)
    over = replace(shares, shared_with=VDAB, valid_until=date(2026, 11, 22))
    case.refused(InvalidField, OCMW_1, "dossier.mandateGiven", over)


def test_texts_need_a_legal_basis_in_force_steps_do_not() -> None:
    case = _case()
    case.post(OCMW_1, "handover.requested")
    case.post(VDAB_1, "handover.accepted")
    basis = dataclasses.replace(case.directory.legal_bases["demo-protocol"], valid_until=date(2026, 11, 22))
    case.directory = dataclasses.replace(
        case.directory, legal_bases={**case.directory.legal_bases, "demo-protocol": basis}
    )
    case.refused(LegalBasisEnded, OCMW_1, "question.asked")
    case.post(VDAB_1, "handover.contactAttempted")
    assert _reader(case).classes("handover.requested", OCMW) == {Visibility.STEP}, "on read as on write"
    case.post(OCMW_1, "dossier.legalBasisStated", d.LegalBasisStated(legal_basis_id="training-only"))
    case.post(OCMW_1, "question.asked")


def test_an_acknowledgement_is_given_once() -> None:
    case = _case()
    _share(case)
    _withdraw(case)
    case.post(VDAB_1, "dossier.mandateWithdrawalAcknowledged")
    case.refused(WrongState, VDAB_1, "dossier.mandateWithdrawalAcknowledged", thread=case.thread.thread_id)
