"""dossier: what concerns the dossier itself, and the change of lead, which is a thread because someone must answer."""

from datetime import date
from typing import Annotated

from handover.domain import codes
from handover.domain.codes_dossier import ConflictKind, ConflictResolution, ErasureReason, MandateScope
from handover.domain.codes_follow_up import Benefit, ClosingReason, TrajectoryKind
from handover.domain.deadlines import working_days
from handover.domain.fields import (
    CONTENT,
    INTERNAL,
    STEP,
    CounsellorId,
    Day,
    Line,
    OrganisationId,
    Payload,
    Reference,
    Text,
)
from handover.domain.guards import (
    LEGAL_BASIS_IN_FORCE,
    MANDATE_KNOWN,
    MANDATE_SHARES,
    MANDATE_TO_REGISTER,
    OFF_LINE,
    ON_LINE_ONCE,
    ONE_LEAD_QUESTION,
    PRIORITY_LINE,
)
from handover.domain.kinds.common import Cancelled, Concluded
from handover.domain.kinds.intake import BenefitStated, RegisteredAtVdab, TrajectoryStarted
from handover.domain.threads import By, Guard, Kind, Status, Transition, Turn


class Opened(Payload, frozen=True, kw_only=True):
    """The dossier exists. The SSIN is not here: it is sealed beside the journal."""

    given_name: Annotated[Line, STEP]
    family_name: Annotated[Line, STEP]
    birth_date: Annotated[Day, STEP]
    target_group: Annotated[codes.TargetGroup, STEP]
    lead: Annotated[codes.LeadKind, STEP]
    lead_name: Annotated[Line | None, STEP] = None
    """The paying body, where the lead is external."""


class InscriptionOpened(Payload, frozen=True, kw_only=True):
    """An organisation is in the dossier from here on and sees what follows."""

    organisation: Annotated[OrganisationId, STEP]
    organisation_kind: Annotated[codes.OrganisationKind, STEP]
    capacity: Annotated[codes.Capacity, STEP]
    legal_basis_id: Annotated[Reference, STEP]
    sees_from: Annotated[int, STEP]
    """First sequence of the dossier that it may read."""
    by_thread: Annotated[Reference | None, STEP] = None
    """The referral or invitation that opened it, if one did."""


class InscriptionClosed(Payload, frozen=True, kw_only=True):
    """The organisation no longer follows the dossier."""

    organisation: Annotated[OrganisationId, STEP]
    why: Annotated[Line, STEP]


class CounsellorAssigned(Payload, frozen=True, kw_only=True):
    """The organisation names who works with the client."""

    counsellor: Annotated[CounsellorId, STEP]


class CounsellorReplaced(Payload, frozen=True, kw_only=True):
    """Another counsellor of the organisation takes over; who came before stays in the history."""

    replaced: Annotated[CounsellorId, STEP]
    counsellor: Annotated[CounsellorId, STEP]
    why: Annotated[Text | None, INTERNAL] = None


class TargetGroupChanged(Payload, frozen=True, kw_only=True):
    """The client belongs to another target group now."""

    target_group: Annotated[codes.TargetGroup, STEP]
    since: Annotated[Day, STEP]


class LeadChanged(Payload, frozen=True, kw_only=True):
    """The lead asks another organisation to direct; it takes effect when that organisation accepts."""

    lead: Annotated[OrganisationId, STEP]
    why: Annotated[Text, CONTENT]
    target_group: Annotated[codes.TargetGroup | None, STEP] = None
    """Who the client is from then on, where that changes too (art. 60 that ends)."""


class LeadAccepted(Payload, frozen=True, kw_only=True):
    """The new lead directs from now on, with a named counsellor."""

    counsellor: Annotated[CounsellorId, STEP]


class LeadRefused(Payload, frozen=True, kw_only=True):
    """The organisation does not take the lead."""

    reason: Annotated[codes.RejectionReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class PriorityLineEntered(Payload, frozen=True, kw_only=True):
    """The client is followed with priority, as the agreement between the OCMW and VDAB provides."""

    since: Annotated[Day, STEP]
    why: Annotated[Text | None, CONTENT] = None


class PriorityLineLeft(Payload, frozen=True, kw_only=True):
    """The client is no longer followed with priority."""

    since: Annotated[Day, STEP]
    why: Annotated[Text | None, CONTENT] = None


class LegalBasisStated(Payload, frozen=True, kw_only=True):
    """The organisation's place in the dossier rests on another legal basis from now on."""

    legal_basis_id: Annotated[Reference, STEP]


class MandateGiven(Payload, frozen=True, kw_only=True):
    """The client lets the worker register them at VDAB, or share confidential data with one organisation."""

    scope: Annotated[MandateScope, STEP]
    given_on: Annotated[Day, STEP]
    shared_with: Annotated[OrganisationId | None, STEP] = None
    valid_until: Annotated[Day | None, STEP] = None
    evidence: Annotated[Reference | None, STEP] = None
    """The signed paper; it stays in the system that holds it."""


class MandateWithdrawn(Payload, frozen=True, kw_only=True):
    """The client takes a mandate back. From now on confidential parts go out redacted."""

    mandate_id: Annotated[Reference, STEP]
    """The id of the event that gave it."""
    note: Annotated[Text | None, CONTENT] = None


class WithdrawalAcknowledged(Payload, frozen=True, kw_only=True):
    """The other side knows that the mandate was withdrawn, and acts on it."""

    note: Annotated[Text | None, CONTENT] = None


class MandateExpired(Payload, frozen=True, kw_only=True):
    """The last day of a mandate has passed."""

    mandate_id: Annotated[Reference, STEP]


class StatusConflictDetected(Payload, frozen=True, kw_only=True):
    """What the two sides state cannot all be true (design: *intake*)."""

    conflict: Annotated[ConflictKind, STEP]
    claimed_lead: Annotated[codes.LeadKind | None, STEP] = None
    """Who the other side takes to be directing, where two leads are claimed."""


class StatusConflictResolved(Payload, frozen=True, kw_only=True):
    """The two sides settled it."""

    resolution: Annotated[ConflictResolution, STEP]
    explanation: Annotated[Text, CONTENT]


class SsinReplaced(Payload, frozen=True, kw_only=True):
    """The client's national number was replaced (KSZ *replacedBy*). No number stands here: read the dossier."""

    replaced_on: Annotated[Day, STEP]


class Merged(Payload, frozen=True, kw_only=True):
    """This dossier and another are of one client: it closes here and goes on there."""

    into: Annotated[Reference, STEP]


class Absorbed(Payload, frozen=True, kw_only=True):
    """Another dossier of the same client goes on here, with its open threads and its organisations."""

    merged: Annotated[Reference, STEP]


class Closed(Payload, frozen=True, kw_only=True):
    """The dossier closes; everything in it stays readable."""

    reason: Annotated[ClosingReason, STEP]
    note: Annotated[Text | None, CONTENT] = None


class Reopened(Payload, frozen=True, kw_only=True):
    """The client is back."""

    why: Annotated[Text, CONTENT]


class PersonalDataErased(Payload, frozen=True, kw_only=True):
    """The keys of the dossier were destroyed: nobody can read what was recorded before, here or in any copy."""

    ground: Annotated[ErasureReason, STEP]


def _plain(
    name: str, payload: type[Payload], by: By, example: Payload, *guards: Guard, on_closed: bool = False
) -> Transition:
    """A row that concerns the dossier itself and opens no thread."""
    return Transition(
        name=name,
        payload=payload,
        by=by,
        to=Status.COMPLETED,
        turn=Turn.NOBODY,
        example=example,
        guards=guards,
        on_dossier=True,
        on_closed=on_closed,
    )


_OPENED = Opened(
    given_name="Voorbeeld",
    family_name="Een",
    birth_date=date(1980, 1, 1),
    target_group=codes.TargetGroup.LIVING_WAGE,
    lead=codes.LeadKind.OCMW,
)
_INSCRIBED = InscriptionOpened(
    organisation="vdab",
    organisation_kind=codes.OrganisationKind.VDAB,
    capacity=codes.Capacity.JOB_SEEKER,
    legal_basis_id="demo-protocol",
    sees_from=1,
)

DOSSIER = Kind(
    "dossier",
    "dossiers",
    (
        _plain("opened", Opened, By.SYSTEM, _OPENED),
        _plain("inscriptionOpened", InscriptionOpened, By.SYSTEM, _INSCRIBED),
        _plain(
            "inscriptionClosed",
            InscriptionClosed,
            By.ANY,
            InscriptionClosed(organisation="vdab", why="Begeleiding afgerond"),
        ),
        _plain(
            "counsellorAssigned",
            CounsellorAssigned,
            By.ANY,
            CounsellorAssigned(counsellor="ocmw-lindedal.trajectbegeleider-1"),
        ),
        _plain(
            "counsellorReplaced",
            CounsellorReplaced,
            By.ANY,
            CounsellorReplaced(
                replaced="ocmw-lindedal.trajectbegeleider-1", counsellor="ocmw-lindedal.trajectbegeleider-2"
            ),
        ),
        _plain(
            "targetGroupChanged",
            TargetGroupChanged,
            By.LEAD,
            TargetGroupChanged(target_group=codes.TargetGroup.JOB_SEEKER, since=date(2026, 11, 2)),
        ),
        _plain(
            "registeredAtVdab",
            RegisteredAtVdab,
            By.ANY,
            RegisteredAtVdab(since=date(2026, 11, 2)),
            MANDATE_TO_REGISTER,
        ),
        _plain(
            "trajectoryStarted",
            TrajectoryStarted,
            By.ANY,
            TrajectoryStarted(since=date(2026, 11, 9), kind=TrajectoryKind.GUIDANCE),
        ),
        _plain(
            "benefitStated",
            BenefitStated,
            By.ANY,
            BenefitStated(benefit=Benefit.LIVING_WAGE, since=date(2026, 10, 1)),
        ),
        Transition(
            name="leadChanged",
            payload=LeadChanged,
            topic="lead",
            to=Status.REQUESTED,
            by=By.LEAD,
            turn=Turn.RECEIVER,
            due=working_days(5),
            guards=(ONE_LEAD_QUESTION,),
            addresses="lead",
            subject="target_group",
            example=LeadChanged(lead="vdab", why="De cliënt heeft geen leefloon meer en zoekt werk."),
        ),
        Transition(
            name="leadAccepted",
            payload=LeadAccepted,
            topic="lead",
            starts=(Status.REQUESTED,),
            to=Status.COMPLETED,
            by=By.RECEIVER,
            turn=Turn.NOBODY,
            names_receiver="counsellor",
            final=True,
            example=LeadAccepted(counsellor="vdab.bemiddelaar-1"),
        ),
        Transition(
            name="leadRefused",
            payload=LeadRefused,
            topic="lead",
            starts=(Status.REQUESTED,),
            to=Status.REJECTED,
            by=By.RECEIVER,
            turn=Turn.SENDER,
            due=working_days(5),
            outcome="reason",
            example=LeadRefused(reason=codes.RejectionReason.NOT_ELIGIBLE),
        ),
        Transition(
            name="leadConcluded",
            payload=Concluded,
            topic="lead",
            starts=(Status.REJECTED,),
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            example=Concluded(what_now="Het OCMW blijft regisseur."),
        ),
        Transition(
            name="leadWithdrawn",
            payload=Cancelled,
            topic="lead",
            starts=(Status.REQUESTED,),
            to=Status.CANCELLED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            outcome="reason",
            example=Cancelled(reason=codes.CancellationReason.MISTAKE),
        ),
        _plain(
            "priorityLineEntered",
            PriorityLineEntered,
            By.OCMW_OR_VDAB,
            PriorityLineEntered(since=date(2026, 11, 16)),
            ON_LINE_ONCE,
            PRIORITY_LINE,
        ),
        _plain(
            "priorityLineLeft",
            PriorityLineLeft,
            By.OCMW_OR_VDAB,
            PriorityLineLeft(since=date(2026, 11, 20)),
            OFF_LINE,
        ),
        _plain(
            "legalBasisStated",
            LegalBasisStated,
            By.ANY,
            LegalBasisStated(legal_basis_id="demo-protocol"),
            LEGAL_BASIS_IN_FORCE,
        ),
        _plain(
            "mandateGiven",
            MandateGiven,
            By.OCMW_OR_VDAB,
            MandateGiven(scope=MandateScope.SHARE_CONFIDENTIAL, given_on=date(2026, 11, 16), shared_with="vdab"),
            MANDATE_SHARES,
        ),
        Transition(
            name="mandateWithdrawn",
            payload=MandateWithdrawn,
            topic="mandate",
            to=Status.REQUESTED,
            by=By.OCMW_OR_VDAB,
            turn=Turn.OTHER,
            due=working_days(3),
            guards=(MANDATE_KNOWN,),
            to_alone=Status.COMPLETED,
            final=True,
            example=MandateWithdrawn(mandate_id="01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10"),
        ),
        Transition(
            name="mandateWithdrawalAcknowledged",
            payload=WithdrawalAcknowledged,
            topic="mandate",
            starts=(Status.REQUESTED,),
            to=Status.COMPLETED,
            by=By.RECEIVER,
            turn=Turn.NOBODY,
            example=WithdrawalAcknowledged(note="Het verslag is uit ons dossier gehaald."),
        ),
        _plain(
            "mandateExpired",
            MandateExpired,
            By.SYSTEM,
            MandateExpired(mandate_id="01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10"),
        ),
        Transition(
            name="statusConflictDetected",
            payload=StatusConflictDetected,
            topic="statusConflict",
            to=Status.REQUESTED,
            by=By.SYSTEM,
            turn=Turn.OTHER,
            due=working_days(5),
            subject="conflict",
            final=True,
            example=StatusConflictDetected(conflict=ConflictKind.BENEFITS),
        ),
        Transition(
            name="statusConflictResolved",
            payload=StatusConflictResolved,
            topic="statusConflict",
            starts=(Status.REQUESTED,),
            to=Status.COMPLETED,
            by=By.SIDE,
            turn=Turn.NOBODY,
            outcome="resolution",
            example=StatusConflictResolved(
                resolution=ConflictResolution.CORRECTED,
                explanation="De werkloosheidsuitkering stopte op 31 oktober.",
            ),
        ),
        _plain("ssinReplaced", SsinReplaced, By.SYSTEM, SsinReplaced(replaced_on=date(2026, 11, 20))),
        _plain("merged", Merged, By.SYSTEM, Merged(into="01a2039f-8f32-7d21-ab59-99e3cbca2aa3")),
        _plain("absorbed", Absorbed, By.SYSTEM, Absorbed(merged="01a2039f-8f32-7d21-ab59-99e3cbca2aa3")),
        _plain("closed", Closed, By.LEAD, Closed(reason=ClosingReason.GOAL_REACHED)),
        _plain(
            "personalDataErased",
            PersonalDataErased,
            By.SYSTEM,
            PersonalDataErased(ground=ErasureReason.RETENTION_ENDED),
            on_closed=True,
        ),
        _plain("reopened", Reopened, By.ANY, Reopened(why="De cliënt meldt zich opnieuw aan."), on_closed=True),
    ),
)
