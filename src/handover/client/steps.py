"""Every step that can be posted: `await client.post_event(dossier_id, HandoverAccepted(...))`.

Written by `make client` from openapi/handover-v1.json; do not change it by hand.
"""

from datetime import date, datetime
from typing import ClassVar

import msgspec

from handover.client import codes


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What any step is; `TYPE` is its type."""

    TYPE: ClassVar[str]


class Barrier(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Something between the client and work, and how far it is dealt with."""

    kind: codes.BarrierKind
    state: codes.BarrierState


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A document by reference: it stays in the system that holds it."""

    title: str
    reference: str


class DossierBenefitStated(Step, frozen=True, kw_only=True):
    """Which income the client receives, as this organisation knows it."""

    TYPE: ClassVar[str] = "dossier.benefitStated"

    benefit: codes.Benefit
    since: date


class DossierClosed(Step, frozen=True, kw_only=True):
    """The dossier closes; everything in it stays readable."""

    TYPE: ClassVar[str] = "dossier.closed"

    reason: codes.ClosingReason
    note: str | None = None


class DossierCounsellorAssigned(Step, frozen=True, kw_only=True):
    """The organisation names who works with the client."""

    TYPE: ClassVar[str] = "dossier.counsellorAssigned"

    counsellor: str


class DossierCounsellorReplaced(Step, frozen=True, kw_only=True):
    """Another counsellor of the organisation takes over; who came before stays in the history."""

    TYPE: ClassVar[str] = "dossier.counsellorReplaced"

    replaced: str
    counsellor: str
    why: str | None = None  # internal


class DossierEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "dossier.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class DossierInscriptionClosed(Step, frozen=True, kw_only=True):
    """The organisation no longer follows the dossier."""

    TYPE: ClassVar[str] = "dossier.inscriptionClosed"

    organisation: str
    why: str


class DossierLeadAccepted(Step, frozen=True, kw_only=True):
    """The new lead directs from now on, with a named counsellor."""

    TYPE: ClassVar[str] = "dossier.leadAccepted"

    counsellor: str


class DossierLeadChanged(Step, frozen=True, kw_only=True):
    """The lead asks another organisation to direct; it takes effect when that organisation accepts."""

    TYPE: ClassVar[str] = "dossier.leadChanged"

    lead: str
    why: str
    target_group: codes.TargetGroup | None = None


class DossierLeadConcluded(Step, frozen=True, kw_only=True):
    """After a setback: it rests here, and this is what happens with the client now."""

    TYPE: ClassVar[str] = "dossier.leadConcluded"

    what_now: str


class DossierLeadRefused(Step, frozen=True, kw_only=True):
    """The organisation does not take the lead."""

    TYPE: ClassVar[str] = "dossier.leadRefused"

    reason: codes.RejectionReason
    explanation: str | None = None


class DossierLeadWithdrawn(Step, frozen=True, kw_only=True):
    """The sender takes it back."""

    TYPE: ClassVar[str] = "dossier.leadWithdrawn"

    reason: codes.CancellationReason
    explanation: str | None = None


class DossierLegalBasisStated(Step, frozen=True, kw_only=True):
    """The organisation's place in the dossier rests on another legal basis from now on."""

    TYPE: ClassVar[str] = "dossier.legalBasisStated"

    legal_basis_id: str


class DossierMandateGiven(Step, frozen=True, kw_only=True):
    """The client lets the worker register them at VDAB, or share confidential data with one organisation."""

    TYPE: ClassVar[str] = "dossier.mandateGiven"

    scope: codes.MandateScope
    given_on: date
    shared_with: str | None = None
    valid_until: date | None = None
    evidence: str | None = None


class DossierMandateWithdrawalAcknowledged(Step, frozen=True, kw_only=True):
    """The other side knows that the mandate was withdrawn, and acts on it."""

    TYPE: ClassVar[str] = "dossier.mandateWithdrawalAcknowledged"

    note: str | None = None


class DossierMandateWithdrawn(Step, frozen=True, kw_only=True):
    """The client takes a mandate back.

    From now on confidential parts go out redacted.
    """

    TYPE: ClassVar[str] = "dossier.mandateWithdrawn"

    mandate_id: str
    note: str | None = None


class DossierParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "dossier.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class DossierPriorityLineEntered(Step, frozen=True, kw_only=True):
    """The client is followed with priority, as the agreement between the OCMW and VDAB provides."""

    TYPE: ClassVar[str] = "dossier.priorityLineEntered"

    since: date
    why: str | None = None


class DossierPriorityLineLeft(Step, frozen=True, kw_only=True):
    """The client is no longer followed with priority."""

    TYPE: ClassVar[str] = "dossier.priorityLineLeft"

    since: date
    why: str | None = None


class DossierRegisteredAtVdab(Step, frozen=True, kw_only=True):
    """The client is registered at VDAB.

    Registration is not activation.
    """

    TYPE: ClassVar[str] = "dossier.registeredAtVdab"

    since: date
    on_behalf: bool = False


class DossierReopened(Step, frozen=True, kw_only=True):
    """The client is back."""

    TYPE: ClassVar[str] = "dossier.reopened"

    why: str


class DossierStatusConflictResolved(Step, frozen=True, kw_only=True):
    """The two sides settled it."""

    TYPE: ClassVar[str] = "dossier.statusConflictResolved"

    resolution: codes.ConflictResolution
    explanation: str


class DossierTargetGroupChanged(Step, frozen=True, kw_only=True):
    """The client belongs to another target group now."""

    TYPE: ClassVar[str] = "dossier.targetGroupChanged"

    target_group: codes.TargetGroup
    since: date


class DossierTrajectoryStarted(Step, frozen=True, kw_only=True):
    """The client is in an active trajectory."""

    TYPE: ClassVar[str] = "dossier.trajectoryStarted"

    since: date
    kind: codes.TrajectoryKind


class FollowUpAftercareChecked(Step, frozen=True, kw_only=True):
    """How the client is doing; `starts_on` repeats the start that the checks count from."""

    TYPE: ClassVar[str] = "followUp.aftercareChecked"

    starts_on: date
    checked_on: date
    stability: codes.Stability
    note: str | None = None


class FollowUpAftercareEnded(Step, frozen=True, kw_only=True):
    """The follow-up ended."""

    TYPE: ClassVar[str] = "followUp.aftercareEnded"

    ended_on: date
    stability: codes.Stability


class FollowUpAftercareStarted(Step, frozen=True, kw_only=True):
    """Follow-up after work started or a road ended: checks at 1, 3 and 6 months."""

    TYPE: ClassVar[str] = "followUp.aftercareStarted"

    starts_on: date
    counsellor: str | None = None


class FollowUpAppointmentPlanned(Step, frozen=True, kw_only=True):
    """The client is expected at an appointment."""

    TYPE: ClassVar[str] = "followUp.appointmentPlanned"

    appointment_at: datetime
    subject: str
    counsellor: str | None = None
    where: str | None = None


class FollowUpArt60Changed(Step, frozen=True, kw_only=True):
    """The contract's data as they are now; a new end moves the due moment."""

    TYPE: ClassVar[str] = "followUp.art60Changed"

    ends_on: date | None = None
    starts_on: date | None = None
    workplace: str | None = None
    function: str | None = None
    hours_per_week: float | None = None


class FollowUpArt60ConsultationHeld(Step, frozen=True, kw_only=True):
    """OCMW and VDAB talked about what follows the contract."""

    TYPE: ClassVar[str] = "followUp.art60ConsultationHeld"

    held_on: date
    agreed: str
    ends_on: date | None = None


class FollowUpArt60Ended(Step, frozen=True, kw_only=True):
    """The contract ended; proposes who the client is and who directs from now on."""

    TYPE: ClassVar[str] = "followUp.art60Ended"

    ended_on: date
    reason: codes.EndReason
    proposed_target_group: codes.TargetGroup | None = None
    proposed_lead: codes.LeadKind | None = None


class FollowUpArt60Started(Step, frozen=True, kw_only=True):
    """A contract through the OCMW (art.

    60 or art. 61) started.
    """

    TYPE: ClassVar[str] = "followUp.art60Started"

    starts_on: date
    ends_on: date | None = None
    workplace: str | None = None
    function: str | None = None
    hours_per_week: float | None = None
    counsellor: str | None = None


class FollowUpArt61Changed(Step, frozen=True, kw_only=True):
    """The contract's data as they are now; a new end moves the due moment."""

    TYPE: ClassVar[str] = "followUp.art61Changed"

    ends_on: date | None = None
    starts_on: date | None = None
    workplace: str | None = None
    function: str | None = None
    hours_per_week: float | None = None


class FollowUpArt61ConsultationHeld(Step, frozen=True, kw_only=True):
    """OCMW and VDAB talked about what follows the contract."""

    TYPE: ClassVar[str] = "followUp.art61ConsultationHeld"

    held_on: date
    agreed: str
    ends_on: date | None = None


class FollowUpArt61Ended(Step, frozen=True, kw_only=True):
    """The contract ended; proposes who the client is and who directs from now on."""

    TYPE: ClassVar[str] = "followUp.art61Ended"

    ended_on: date
    reason: codes.EndReason
    proposed_target_group: codes.TargetGroup | None = None
    proposed_lead: codes.LeadKind | None = None


class FollowUpArt61Started(Step, frozen=True, kw_only=True):
    """A contract through the OCMW (art.

    60 or art. 61) started.
    """

    TYPE: ClassVar[str] = "followUp.art61Started"

    starts_on: date
    ends_on: date | None = None
    workplace: str | None = None
    function: str | None = None
    hours_per_week: float | None = None
    counsellor: str | None = None


class FollowUpAttended(Step, frozen=True, kw_only=True):
    """The client came."""

    TYPE: ClassVar[str] = "followUp.attended"

    note: str | None = None


class FollowUpConcluded(Step, frozen=True, kw_only=True):
    """After a setback: it rests here, and this is what happens with the client now."""

    TYPE: ClassVar[str] = "followUp.concluded"

    what_now: str


class FollowUpEmploymentConfirmed(Step, frozen=True, kw_only=True):
    """The client still works and needs no further follow-up."""

    TYPE: ClassVar[str] = "followUp.employmentConfirmed"

    checked_on: date
    stability: codes.Stability
    note: str | None = None


class FollowUpEmploymentEnded(Step, frozen=True, kw_only=True):
    """The work ended."""

    TYPE: ClassVar[str] = "followUp.employmentEnded"

    ended_on: date
    reason: codes.EndReason


class FollowUpEmploymentStarted(Step, frozen=True, kw_only=True):
    """The client works."""

    TYPE: ClassVar[str] = "followUp.employmentStarted"

    starts_on: date
    contract_type: codes.ContractType
    hours_per_week: float
    employer: str | None = None


class FollowUpEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "followUp.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class FollowUpParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "followUp.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class FollowUpPlanAgreed(Step, frozen=True, kw_only=True):
    """A plan agreed with the client (GPMI, action plan), or agreed anew."""

    TYPE: ClassVar[str] = "followUp.planAgreed"

    title: str
    starts_on: date
    ends_on: date | None = None
    goals: str | None = None
    counsellor: str | None = None


class FollowUpPlanEnded(Step, frozen=True, kw_only=True):
    """The plan ran to its end, or was broken off."""

    TYPE: ClassVar[str] = "followUp.planEnded"

    ended_on: date
    note: str | None = None


class FollowUpRetried(Step, frozen=True, kw_only=True):
    """The missed appointment is planned anew."""

    TYPE: ClassVar[str] = "followUp.retried"

    appointment_at: datetime


class FollowUpUnattended(Step, frozen=True, kw_only=True):
    """The client did not come."""

    TYPE: ClassVar[str] = "followUp.unattended"

    reason: codes.AbsenceReason
    explanation: str | None = None  # confidential


class HandoverAccepted(Step, frozen=True, kw_only=True):
    """The receiver takes it up, with a named counsellor and a first step towards the client."""

    TYPE: ClassVar[str] = "handover.accepted"

    counsellor: str
    first_appointment_at: datetime | None = None
    reached_by: codes.ContactMeans | None = None
    note: str | None = None


class HandoverCancellationRequested(Step, frozen=True, kw_only=True):
    """The sender asks to stop a referral that is already under way."""

    TYPE: ClassVar[str] = "handover.cancellationRequested"

    reason: codes.CancellationReason
    explanation: str | None = None


class HandoverCancelled(Step, frozen=True, kw_only=True):
    """The sender takes it back."""

    TYPE: ClassVar[str] = "handover.cancelled"

    reason: codes.CancellationReason
    explanation: str | None = None


class HandoverCompleted(Step, frozen=True, kw_only=True):
    """The referral reached its end; says what the sender must still do."""

    TYPE: ClassVar[str] = "handover.completed"

    outcome: codes.HandoverOutcome
    sender_must_still: str


class HandoverConcluded(Step, frozen=True, kw_only=True):
    """After a setback: it rests here, and this is what happens with the client now."""

    TYPE: ClassVar[str] = "handover.concluded"

    what_now: str


class HandoverContactAttempted(Step, frozen=True, kw_only=True):
    """The receiver tried to reach the client."""

    TYPE: ClassVar[str] = "handover.contactAttempted"

    attempted_at: datetime
    means: codes.ContactMeans
    result: codes.ContactResult


class HandoverContacted(Step, frozen=True, kw_only=True):
    """The receiver met or spoke the client: from here on the receiver is responsible."""

    TYPE: ClassVar[str] = "handover.contacted"

    contacted_at: datetime
    means: codes.ContactMeans
    present: list[codes.Present]
    note: str | None = None


class HandoverEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "handover.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class HandoverFailed(Step, frozen=True, kw_only=True):
    """The referral came to nothing after it was accepted."""

    TYPE: ClassVar[str] = "handover.failed"

    reason: codes.FailureReason
    explanation: str | None = None


class HandoverHeld(Step, frozen=True, kw_only=True):
    """The road waits, until a day on which someone looks again."""

    TYPE: ClassVar[str] = "handover.held"

    reason: codes.HoldReason
    review_on: date
    explanation: str | None = None


class HandoverParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "handover.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class HandoverProgressed(Step, frozen=True, kw_only=True):
    """What happened, and what comes next."""

    TYPE: ClassVar[str] = "handover.progressed"

    what_happened: str
    next_step: str


class HandoverRejected(Step, frozen=True, kw_only=True):
    """The receiver does not take it up, and may know a better place."""

    TYPE: ClassVar[str] = "handover.rejected"

    reason: codes.RejectionReason
    explanation: str | None = None
    better_place: str | None = None


class HandoverRequested(Step, frozen=True, kw_only=True):
    """An organisation refers the client and names its own contact."""

    TYPE: ClassVar[str] = "handover.requested"

    receiver: str
    purpose: codes.Purpose
    summary: str
    contact: str
    legal_basis_id: str
    client_wish: str | None = None
    open_barriers: list[codes.BarrierKind] = []
    joint_talk_proposed_at: datetime | None = None


class HandoverResumed(Step, frozen=True, kw_only=True):
    """It goes on; with a note where there is something to say."""

    TYPE: ClassVar[str] = "handover.resumed"

    note: str | None = None


class HandoverRetried(Step, frozen=True, kw_only=True):
    """After a setback: the sender tries again, with the same receiver or another; a new thread opens."""

    TYPE: ClassVar[str] = "handover.retried"

    receiver: str | None = None
    note: str | None = None


class IntakeEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "intake.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class IntakeParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "intake.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class IntakePlanned(Step, frozen=True, kw_only=True):
    """An intake is planned; a joint one names both counsellors."""

    TYPE: ClassVar[str] = "intake.planned"

    form: codes.IntakeForm
    planned_at: datetime
    counsellor: str
    other_organisation: str | None = None
    other_counsellor: str | None = None
    where: str | None = None
    participants: list[str] = []


class Language(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A language (ISO 639-1) and its level."""

    language: str
    level: codes.LanguageLevel


class IntakeRecorded(Step, frozen=True, kw_only=True):
    """What the intake brought up."""

    TYPE: ClassVar[str] = "intake.recorded"

    target_group: codes.TargetGroup
    work_wish: codes.WorkWish
    situation: str
    languages: list[Language] = []
    barriers: list[Barrier] = []
    needs: str | None = None
    documents: list[Document] = []
    health: str | None = None  # confidential
    own_note: str | None = None  # internal


class IntakeUpdated(Step, frozen=True, kw_only=True):
    """What changed since; only the fields given change."""

    TYPE: ClassVar[str] = "intake.updated"

    situation: str | None = None
    work_wish: codes.WorkWish | None = None
    languages: list[Language] = []
    barriers: list[Barrier] = []
    needs: str | None = None
    documents: list[Document] = []
    health: str | None = None  # confidential
    own_note: str | None = None  # internal


class LabelAssessed(Step, frozen=True, kw_only=True):
    """The first pair of eyes assessed the request and advises."""

    TYPE: ClassVar[str] = "label.assessed"

    assessed_by: str
    advice: codes.Advice
    proposed_measures: list[codes.SupportMeasure] = []
    findings: str | None = None  # confidential


class LabelCancelled(Step, frozen=True, kw_only=True):
    """The sender takes it back."""

    TYPE: ClassVar[str] = "label.cancelled"

    reason: codes.CancellationReason
    explanation: str | None = None


class LabelConcluded(Step, frozen=True, kw_only=True):
    """After a setback: it rests here, and this is what happens with the client now."""

    TYPE: ClassVar[str] = "label.concluded"

    what_now: str


class LabelEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "label.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class LabelGranted(Step, frozen=True, kw_only=True):
    """A second person grants the ticket, with its support measures and until when it is valid."""

    TYPE: ClassVar[str] = "label.granted"

    decided_by: str
    ticket: str
    valid_until: date
    support_measures: list[codes.SupportMeasure] = []
    note: str | None = None


class LabelInformationProvided(Step, frozen=True, kw_only=True):
    """What was asked for, by reference or in words."""

    TYPE: ClassVar[str] = "label.informationProvided"

    answer: str
    reference: str | None = None
    functioning: str | None = None  # confidential


class LabelInformationRequested(Step, frozen=True, kw_only=True):
    """Something is missing before it can be assessed."""

    TYPE: ClassVar[str] = "label.informationRequested"

    what: list[codes.InformationNeeded]
    explanation: str | None = None


class LabelParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "label.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class LabelPlaced(Step, frozen=True, kw_only=True):
    """The client starts with the ticket at an employer."""

    TYPE: ClassVar[str] = "label.placed"

    employer: str
    starts_on: date
    hours_per_week: float | None = None


class LabelReconsiderationRequested(Step, frozen=True, kw_only=True):
    """The requester asks to look at the refusal again, and says what is new."""

    TYPE: ClassVar[str] = "label.reconsiderationRequested"

    grounds: str
    functioning: str | None = None  # confidential


class LabelRefused(Step, frozen=True, kw_only=True):
    """A second person refuses the ticket."""

    TYPE: ClassVar[str] = "label.refused"

    decided_by: str
    reason: codes.LabelRefusalReason
    explanation: str | None = None


class LabelRequested(Step, frozen=True, kw_only=True):
    """The OCMW or VDAB asks for a ticket, by automatic right or after an ICF inquiry."""

    TYPE: ClassVar[str] = "label.requested"

    receiver: str
    ticket_type: codes.TicketType
    route: codes.LabelRoute
    contact: str
    motivation: str
    preliminary_inquiry: str | None = None
    functioning: str | None = None  # confidential


class LabelRetried(Step, frozen=True, kw_only=True):
    """After a setback: the sender tries again, with the same receiver or another; a new thread opens."""

    TYPE: ClassVar[str] = "label.retried"

    receiver: str | None = None
    note: str | None = None


class NonCooperationAcknowledged(Step, frozen=True, kw_only=True):
    """The OCMW takes it up, with a named counsellor."""

    TYPE: ClassVar[str] = "nonCooperation.acknowledged"

    counsellor: str


class NonCooperationClientHeard(Step, frozen=True, kw_only=True):
    """The client was heard."""

    TYPE: ClassVar[str] = "nonCooperation.clientHeard"

    heard_at: datetime
    means: codes.ContactMeans
    account: str | None = None  # confidential


class NonCooperationClosed(Step, frozen=True, kw_only=True):
    """VDAB has the outcome, or the client's reasons suffice."""

    TYPE: ClassVar[str] = "nonCooperation.closed"

    note: str | None = None


class NonCooperationContested(Step, frozen=True, kw_only=True):
    """The client disagrees; the OCMW records it for the client.

    The process goes on.
    """

    TYPE: ClassVar[str] = "nonCooperation.contested"

    statement: str


class NonCooperationEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "nonCooperation.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class NonCooperationJustified(Step, frozen=True, kw_only=True):
    """The OCMW asked the client, and records the reasons."""

    TYPE: ClassVar[str] = "nonCooperation.justified"

    reason: codes.ClientReason
    explanation: str | None = None
    circumstances: str | None = None  # confidential


class NonCooperationObserved(Step, frozen=True, kw_only=True):
    """VDAB saw something that may be non-cooperation; provisional, the client may have good reasons."""

    TYPE: ClassVar[str] = "nonCooperation.observed"

    receiver: str
    act: codes.NonCooperationAct
    happened_at: datetime
    what: str
    agreement: str
    contact: str | None = None
    thread: str | None = None


class NonCooperationOutcomeDecided(Step, frozen=True, kw_only=True):
    """The OCMW decided.

    VDAB sees the code; of the motivation only what the OCMW writes in `sharedMotivation`.
    """

    TYPE: ClassVar[str] = "nonCooperation.outcomeDecided"

    outcome: codes.NonCooperationOutcome
    decided_on: date
    motivation: str | None = None  # confidential
    shared_motivation: str | None = None


class NonCooperationParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "nonCooperation.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class NonCooperationReported(Step, frozen=True, kw_only=True):
    """VDAB reports it formally."""

    TYPE: ClassVar[str] = "nonCooperation.reported"

    what: str


class NonCooperationSanctionUnderReview(Step, frozen=True, kw_only=True):
    """The OCMW's committee looks at a sanction, and this is when it decides."""

    TYPE: ClassVar[str] = "nonCooperation.sanctionUnderReview"

    decision_on: date


class NonCooperationWithdrawn(Step, frozen=True, kw_only=True):
    """VDAB takes the report back."""

    TYPE: ClassVar[str] = "nonCooperation.withdrawn"

    reason: codes.ReportWithdrawalReason
    explanation: str | None = None


class QuestionAnswered(Step, frozen=True, kw_only=True):
    """The answer."""

    TYPE: ClassVar[str] = "question.answered"

    answer: str


class QuestionAsked(Step, frozen=True, kw_only=True):
    """A question to another organisation in the dossier; about one of its threads where `thread` names it."""

    TYPE: ClassVar[str] = "question.asked"

    receiver: str
    question: str
    counsellor: str | None = None
    role: codes.QuestionRole | None = None
    thread: str | None = None
    answer_by: date | None = None


class QuestionAskedAgain(Step, frozen=True, kw_only=True):
    """The answer did not help, or leads to a further question."""

    TYPE: ClassVar[str] = "question.askedAgain"

    question: str
    answer_by: date | None = None


class QuestionCancelled(Step, frozen=True, kw_only=True):
    """The sender takes it back."""

    TYPE: ClassVar[str] = "question.cancelled"

    reason: codes.CancellationReason
    explanation: str | None = None


class QuestionClosed(Step, frozen=True, kw_only=True):
    """The asker has what they need."""

    TYPE: ClassVar[str] = "question.closed"

    note: str | None = None


class QuestionEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "question.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class QuestionParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "question.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class QuestionPassedOn(Step, frozen=True, kw_only=True):
    """A colleague knows better and takes the question; the answer time stays."""

    TYPE: ClassVar[str] = "question.passedOn"

    counsellor: str


class TrainingApproved(Step, frozen=True, kw_only=True):
    """The OCMW's committee approves."""

    TYPE: ClassVar[str] = "training.approved"

    decided_on: date
    note: str | None = None


class TrainingAttendanceRecorded(Step, frozen=True, kw_only=True):
    """How many hours were planned in a period, and missed with or without a valid reason."""

    TYPE: ClassVar[str] = "training.attendanceRecorded"

    first_day: date
    last_day: date
    hours_planned: float
    hours_missed_with_reason: float | None = None
    hours_missed_without_reason: float | None = None
    reason: codes.AbsenceReason | None = None
    note: str | None = None


class TrainingCancelled(Step, frozen=True, kw_only=True):
    """The sender takes it back."""

    TYPE: ClassVar[str] = "training.cancelled"

    reason: codes.CancellationReason
    explanation: str | None = None


class TrainingCompleted(Step, frozen=True, kw_only=True):
    """The training reached its end."""

    TYPE: ClassVar[str] = "training.completed"

    result: codes.TrainingResult
    ended_on: date
    certificate: str | None = None
    note: str | None = None


class TrainingConcluded(Step, frozen=True, kw_only=True):
    """After a setback: it rests here, and this is what happens with the client now."""

    TYPE: ClassVar[str] = "training.concluded"

    what_now: str


class TrainingEnteredInError(Step, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    TYPE: ClassVar[str] = "training.enteredInError"

    event_id: str
    reason: codes.ErrorReason
    explanation: str | None = None


class TrainingInterrupted(Step, frozen=True, kw_only=True):
    """The training waits, until a day on which someone looks again."""

    TYPE: ClassVar[str] = "training.interrupted"

    reason: codes.HoldReason
    review_on: date
    explanation: str | None = None


class TrainingParticipantInvited(Step, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    TYPE: ClassVar[str] = "training.participantInvited"

    organisation: str
    counsellor: str | None = None
    why: str


class TrainingProposed(Step, frozen=True, kw_only=True):
    """A training is proposed to the other side: which instrument, why, where, and how the client gets there."""

    TYPE: ClassVar[str] = "training.proposed"

    receiver: str
    instrument: codes.Instrument
    title: str
    why: str
    where: str
    reachable_by: str
    hours_per_week: float | None = None
    contact: str | None = None


class TrainingRefused(Step, frozen=True, kw_only=True):
    """The OCMW's committee does not approve."""

    TYPE: ClassVar[str] = "training.refused"

    reason: codes.TrainingRefusalReason
    explanation: str | None = None


class TrainingResumed(Step, frozen=True, kw_only=True):
    """It goes on; with a note where there is something to say."""

    TYPE: ClassVar[str] = "training.resumed"

    note: str | None = None


class TrainingRetried(Step, frozen=True, kw_only=True):
    """After a setback: the sender tries again, with the same receiver or another; a new thread opens."""

    TYPE: ClassVar[str] = "training.retried"

    receiver: str | None = None
    note: str | None = None


class TrainingStarted(Step, frozen=True, kw_only=True):
    """The training started."""

    TYPE: ClassVar[str] = "training.started"

    starts_on: date
    ends_on: date | None = None
    hours_per_week: float | None = None
    counsellor: str | None = None


class TrainingStopped(Step, frozen=True, kw_only=True):
    """The training was broken off, or never began."""

    TYPE: ClassVar[str] = "training.stopped"

    reason: codes.TrainingStopReason
    explanation: str | None = None


class TrainingWaitlisted(Step, frozen=True, kw_only=True):
    """The client waits for a place, and this is when it is expected; to be said again every 30 days."""

    TYPE: ClassVar[str] = "training.waitlisted"

    expected_start: date
    note: str | None = None
