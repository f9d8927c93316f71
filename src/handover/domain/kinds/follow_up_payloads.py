"""What the steps of the follow-up say; see `follow_up` for their tables."""

from typing import Annotated

from handover.domain import codes_follow_up as codes
from handover.domain.codes import LeadKind, TargetGroup
from handover.domain.fields import (
    CONFIDENTIAL,
    CONTENT,
    STEP,
    CounsellorId,
    Day,
    Hours,
    Line,
    Moment,
    Payload,
    Text,
)


class AppointmentPlanned(Payload, frozen=True, kw_only=True):
    """The client is expected at an appointment."""

    appointment_at: Annotated[Moment, STEP]
    subject: Annotated[Line, CONTENT]
    counsellor: Annotated[CounsellorId | None, STEP] = None
    where: Annotated[Line | None, STEP] = None


class Attended(Payload, frozen=True, kw_only=True):
    """The client came."""

    note: Annotated[Text | None, CONTENT] = None


class Unattended(Payload, frozen=True, kw_only=True):
    """The client did not come."""

    reason: Annotated[codes.AbsenceReason, STEP]
    explanation: Annotated[Text | None, CONFIDENTIAL] = None


class Replanned(Payload, frozen=True, kw_only=True):
    """The missed appointment is planned anew."""

    appointment_at: Annotated[Moment, STEP]


class PlanAgreed(Payload, frozen=True, kw_only=True):
    """A plan agreed with the client (GPMI, action plan), or agreed anew."""

    title: Annotated[Line, STEP]
    starts_on: Annotated[Day, STEP]
    ends_on: Annotated[Day | None, STEP] = None
    goals: Annotated[Text | None, CONTENT] = None
    counsellor: Annotated[CounsellorId | None, STEP] = None


class PlanEnded(Payload, frozen=True, kw_only=True):
    """The plan ran to its end, or was broken off."""

    ended_on: Annotated[Day, STEP]
    note: Annotated[Text | None, CONTENT] = None


class EmploymentStarted(Payload, frozen=True, kw_only=True):
    """The client works."""

    starts_on: Annotated[Day, STEP]
    contract_type: Annotated[codes.ContractType, STEP]
    hours_per_week: Annotated[Hours, STEP]
    employer: Annotated[Line | None, CONTENT] = None


class EmploymentConfirmed(Payload, frozen=True, kw_only=True):
    """The client still works and needs no further follow-up."""

    checked_on: Annotated[Day, STEP]
    stability: Annotated[codes.Stability, STEP]
    note: Annotated[Text | None, CONTENT] = None


class EmploymentEnded(Payload, frozen=True, kw_only=True):
    """The work ended."""

    ended_on: Annotated[Day, STEP]
    reason: Annotated[codes.EndReason, STEP]


class ContractStarted(Payload, frozen=True, kw_only=True):
    """A contract through the OCMW (art. 60 or art. 61) started."""

    starts_on: Annotated[Day, STEP]
    ends_on: Annotated[Day | None, STEP] = None
    workplace: Annotated[Line | None, STEP] = None
    function: Annotated[Line | None, STEP] = None
    hours_per_week: Annotated[Hours | None, STEP] = None
    counsellor: Annotated[CounsellorId | None, STEP] = None


class ContractChanged(Payload, frozen=True, kw_only=True):
    """The contract's data as they are now; a new end moves the due moment."""

    ends_on: Annotated[Day | None, STEP] = None
    starts_on: Annotated[Day | None, STEP] = None
    workplace: Annotated[Line | None, STEP] = None
    function: Annotated[Line | None, STEP] = None
    hours_per_week: Annotated[Hours | None, STEP] = None


class ConsultationHeld(Payload, frozen=True, kw_only=True):
    """OCMW and VDAB talked about what follows the contract."""

    held_on: Annotated[Day, STEP]
    agreed: Annotated[Text, CONTENT]
    ends_on: Annotated[Day | None, STEP] = None


class ContractEnded(Payload, frozen=True, kw_only=True):
    """The contract ended; proposes who the client is and who directs from now on."""

    ended_on: Annotated[Day, STEP]
    reason: Annotated[codes.EndReason, STEP]
    proposed_target_group: Annotated[TargetGroup | None, STEP] = None
    proposed_lead: Annotated[LeadKind | None, STEP] = None


class AftercareStarted(Payload, frozen=True, kw_only=True):
    """Follow-up after work started or a road ended: checks at 1, 3 and 6 months."""

    starts_on: Annotated[Day, STEP]
    counsellor: Annotated[CounsellorId | None, STEP] = None


class AftercareChecked(Payload, frozen=True, kw_only=True):
    """How the client is doing; `starts_on` repeats the start that the checks count from."""

    starts_on: Annotated[Day, STEP]
    checked_on: Annotated[Day, STEP]
    stability: Annotated[codes.Stability, STEP]
    note: Annotated[Text | None, CONTENT] = None


class AftercareEnded(Payload, frozen=True, kw_only=True):
    """The follow-up ended."""

    ended_on: Annotated[Day, STEP]
    stability: Annotated[codes.Stability, STEP]
