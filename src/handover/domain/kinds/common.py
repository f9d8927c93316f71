"""Payloads that several kinds share, and the rows that every kind has."""

from datetime import UTC, datetime
from typing import Annotated

from handover.domain.codes import CancellationReason
from handover.domain.codes_dossier import ErrorReason, Rung
from handover.domain.fields import (
    CONTENT,
    STEP,
    CounsellorId,
    Moment,
    OrganisationId,
    Payload,
    Reference,
    Text,
)
from handover.domain.threads import By, Status, Transition, Turn


class Concluded(Payload, frozen=True, kw_only=True):
    """After a setback: it rests here, and this is what happens with the client now."""

    what_now: Annotated[Text, CONTENT]


class Retried(Payload, frozen=True, kw_only=True):
    """After a setback: the sender tries again, with the same receiver or another; a new thread opens."""

    receiver: Annotated[OrganisationId | None, STEP] = None
    note: Annotated[Text | None, CONTENT] = None


class Cancelled(Payload, frozen=True, kw_only=True):
    """The sender takes it back."""

    reason: Annotated[CancellationReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class Received(Payload, frozen=True, kw_only=True):
    """The receiver's system acknowledged the delivery, or someone there saw it first."""

    how: Annotated[Text, STEP]


class Noted(Payload, frozen=True, kw_only=True):
    """It goes on; with a note where there is something to say."""

    note: Annotated[Text | None, CONTENT] = None


class EnteredInError(Payload, frozen=True, kw_only=True):
    """The author's organisation marks a step as a mistake; its thread is again where it was before."""

    event_id: Annotated[Reference, STEP]
    reason: Annotated[ErrorReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class Escalated(Payload, frozen=True, kw_only=True):
    """A turn is overdue and the ladder told the next people (design: *Deadlines and escalation*)."""

    rung: Annotated[Rung, STEP]
    overdue_since: Annotated[Moment, STEP]
    whose_turn: Annotated[OrganisationId, STEP]


class ParticipantInvited(Payload, frozen=True, kw_only=True):
    """One more organisation takes part in a thread; a partner comes into the dossier by it."""

    organisation: Annotated[OrganisationId, STEP]
    counsellor: Annotated[CounsellorId | None, STEP] = None
    why: Annotated[Text, CONTENT]


def _everywhere(name: str, payload: type[Payload], by: By, example: Payload) -> Transition:
    """A row that every thread of every kind has; what it does stands in `posting` and `passing`."""
    return Transition(
        name=name,
        payload=payload,
        example=example,
        starts=tuple(Status),
        to=Status.IN_PROGRESS,
        by=by,
        turn=Turn.UNCHANGED,
        everywhere=True,
    )


EVERYWHERE = (
    _everywhere(
        "participantInvited",
        ParticipantInvited,
        By.OCMW_OR_VDAB,
        ParticipantInvited(organisation="partner-igo", why="Begeleidt de cliënt mee op de werkvloer."),
    ),
    _everywhere(
        "enteredInError",
        EnteredInError,
        By.ANY,
        EnteredInError(event_id="01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10", reason=ErrorReason.WRONG_DATA),
    ),
    _everywhere(
        "escalated",
        Escalated,
        By.SYSTEM,
        Escalated(
            rung=Rung.COUNSELLOR,
            overdue_since=datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC),
            whose_turn="vdab",
        ),
    ),
)
