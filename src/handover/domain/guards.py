"""Rules of single rows that neither parties nor states express; each raises its refusal.

A guard is also asked before there is any data, so that screens offer only what can be done: then it judges what it
can and lets the rest pass.
"""

from collections.abc import Callable

from handover.domain import codes
from handover.domain.codes import OrganisationKind, TargetGroup
from handover.domain.codes_dossier import MandateScope
from handover.domain.deadlines import local_day
from handover.domain.parties import Organisation
from handover.domain.refusals import (
    FourEyes,
    InvalidField,
    MandateMissing,
    NoPriorityLine,
    OutsideRegime,
    PurposeNotAllowed,
    WrongState,
)
from handover.domain.threads import Asked, Condition, Guard, Status

LIVING_WAGE = frozenset({TargetGroup.LIVING_WAGE, TargetGroup.EQUIVALENT_LIVING_WAGE})
"""Target groups within the regime of rights and duties, whose trajectory the OCMW's committee (BCSD) decides on."""


def _one_lead_question(asked: Asked) -> None:
    waits = (t.topic == "lead" and t.status is Status.REQUESTED for t in asked.dossier.open_threads)
    if any(waits):
        detail = "Another organisation was asked to direct and has not answered yet. Wait for its answer."
        raise WrongState(detail)


def _in_regime(asked: Asked) -> None:
    registered = asked.dossier.facts.registered_at_vdab_since is not None
    if asked.dossier.target_group not in LIVING_WAGE or not registered:
        raise OutsideRegime


def _four_eyes(asked: Asked) -> None:
    if asked.thread is None:
        return
    second = getattr(asked.data, "decided_by", "") or asked.caller.counsellor_id
    if second and asked.directory.same_person(asked.thread.assessor, second):
        raise FourEyes


def _mandate_to_register(asked: Asked) -> None:
    if not getattr(asked.data, "on_behalf", False):
        return
    own, today = asked.caller.organisation.organisation_id, local_day(asked.at)
    scope = MandateScope.REGISTER_AT_VDAB
    if not any(m.given_to == own and m.scope is scope and m.active(today) for m in asked.dossier.mandates):
        raise MandateMissing


def _mandate_known(asked: Asked) -> None:
    mandates = asked.dossier.standing_mandates
    if not mandates:
        raise MandateMissing
    named = getattr(asked.data, "mandate_id", None)
    if asked.data is not None and not any(str(m.mandate_id) == named for m in mandates):
        raise InvalidField("mandateId", "No such mandate in this dossier, or it was withdrawn already.")


def _mandate_shares(asked: Asked) -> None:
    data, directory = asked.data, asked.directory
    if data is None:
        return
    shares = getattr(data, "scope", None) is MandateScope.SHARE_CONFIDENTIAL
    named = getattr(data, "shared_with", None)
    if shares and named is None:
        raise InvalidField("sharedWith", "Name the organisation that the client lets you share with.")
    if not shares and named is not None:
        raise InvalidField("sharedWith", "Only a mandate to share names another organisation.")
    if named is not None and named not in directory.organisations:
        raise InvalidField("sharedWith", "No such organisation.", unknown_reference=True)
    if named == asked.caller.organisation.organisation_id:
        raise InvalidField("sharedWith", "Name the other organisation: your own sees what it wrote anyway.")
    until = getattr(data, "valid_until", None)
    if until is not None and until < local_day(asked.at):
        raise InvalidField("validUntil", "A mandate that has ended gives nothing. Give a day to come.")


def _priority_line(asked: Asked) -> None:
    inside = [i.organisation for i in asked.dossier.inscriptions if i.active]
    agreement = asked.directory.agreement_of(inside, local_day(asked.at))
    if agreement is None or agreement.terms.priority_line is None or agreement.vdab not in inside:
        raise NoPriorityLine


def _off_line(asked: Asked) -> None:
    if not asked.dossier.priority_line:
        raise WrongState("The client is not on the priority line.")


def _on_line_once(asked: Asked) -> None:
    if asked.dossier.priority_line:
        raise WrongState("The client is on the priority line already.")


def _basis_of_retry(asked: Asked) -> None:
    """A second try is a new exchange: what allowed the first may have ended since."""
    own = asked.dossier.inscription_of(asked.caller.organisation.organisation_id)
    basis = asked.directory.legal_bases.get(own.legal_basis_id) if own else None
    purpose = asked.thread.purpose if asked.thread else ""
    if purpose and (basis is None or not basis.allows(codes.Purpose.of(purpose), local_day(asked.at))):
        raise PurposeNotAllowed


def _legal_basis_in_force(asked: Asked) -> None:
    named = getattr(asked.data, "legal_basis_id", None)
    if named is None:
        return
    basis = asked.directory.legal_bases.get(named)
    if basis is None:
        raise InvalidField("legalBasisId", "No such legal basis.", unknown_reference=True)
    if not basis.in_force(local_day(asked.at)):
        raise PurposeNotAllowed


def _answer_in_time(asked: Asked) -> None:
    day = getattr(asked.data, "answer_by", None)
    if day is not None and day < local_day(asked.at):
        raise InvalidField("answerBy", "An answer cannot be due in the past.")


def receiver_is(*kinds: OrganisationKind) -> Guard:
    """The receiving organisation is one of these kinds; VDAB on either side where VDAB is among them."""

    def check(asked: Asked) -> None:
        named = getattr(asked.data, "receiver", None)
        organisation = asked.directory.organisations.get(named) if named else None
        if organisation and organisation.kind not in kinds:
            names = " or ".join(kind.en for kind in kinds)
            raise InvalidField("receiver", f"This goes to: {names}.")

    return Guard("receiver is " + " or ".join(str(k) for k in kinds), check)


def _receiver(asked: Asked) -> Organisation | None:
    """Give who a step addresses; a retry that names nobody goes to the same organisation again."""
    named = getattr(asked.data, "receiver", None)
    if named is None and asked.thread and asked.thread.receiver:
        named = asked.thread.receiver.organisation
    return asked.directory.organisations.get(named or "")


def _vdab_on_one_side(asked: Asked) -> None:
    organisation = _receiver(asked)
    if organisation is None:
        return
    if {asked.caller.organisation.kind, organisation.kind} != {OrganisationKind.OCMW, OrganisationKind.VDAB}:
        raise InvalidField("receiver", "A label is dealt with between an OCMW and VDAB: name the other of the two.")


def _ocmw_on_one_side(asked: Asked) -> None:
    """A client on leefloon needs the approval of the OCMW's committee, so the OCMW must be in it."""
    organisation = _receiver(asked)
    if asked.dossier.target_group not in LIVING_WAGE or organisation is None:
        return
    if OrganisationKind.OCMW not in {asked.caller.organisation.kind, organisation.kind}:
        detail = "The client is on leefloon: propose the training to the OCMW, whose committee decides."
        raise InvalidField("receiver", detail)


def _condition(name: str, holds: Callable[..., bool]) -> Condition:
    return Condition(name, holds)


ONE_LEAD_QUESTION = Guard("one question about the lead at a time", _one_lead_question)
IN_REGIME = Guard("leefloon or equivalent, and registered at VDAB", _in_regime)
FOUR_EYES = Guard("four eyes", _four_eyes)
MANDATE_TO_REGISTER = Guard("mandate to register", _mandate_to_register)
MANDATE_KNOWN = Guard("a mandate that stands", _mandate_known)
MANDATE_SHARES = Guard("whom a mandate names", _mandate_shares)
PRIORITY_LINE = Guard("a priority line is agreed", _priority_line)
ON_LINE_ONCE = Guard("not on the priority line yet", _on_line_once)
OFF_LINE = Guard("on the priority line", _off_line)
BASIS_OF_RETRY = Guard("the legal basis still allows the purpose", _basis_of_retry)
LEGAL_BASIS_IN_FORCE = Guard("the legal basis is in force", _legal_basis_in_force)
ANSWER_IN_TIME = Guard("due today or later", _answer_in_time)
VDAB_ON_ONE_SIDE = Guard("between an OCMW and VDAB", _vdab_on_one_side)
OCMW_ON_ONE_SIDE = Guard("the OCMW is in it for a client on leefloon", _ocmw_on_one_side)

ON_LIVING_WAGE = _condition("client on leefloon", lambda dossier, _: dossier.target_group in LIVING_WAGE)
OFF_LIVING_WAGE = _condition("client not on leefloon", lambda dossier, _: dossier.target_group not in LIVING_WAGE)
AUTOMATIC_RIGHT = _condition("automatic right", lambda _, thread: bool(thread and thread.route == "automaticRight"))
BY_INQUIRY = _condition("ICF inquiry", lambda _, thread: bool(thread and thread.route != "automaticRight"))
