"""question: a concrete question to the other side's counsellor, with an answer time (design: *question*; Pact 4.2).

A person is asked, not a mailbox: the counsellor that is named, else whoever has that role, else whoever works with
the client there, else the agreement's contact.
"""

from typing import Annotated

from handover.domain import codes
from handover.domain.codes_dossier import QuestionRole
from handover.domain.deadlines import on_field, working_days
from handover.domain.fields import CONTENT, STEP, CounsellorId, Day, OrganisationId, Payload, Reference, Text
from handover.domain.guards import ANSWER_IN_TIME
from handover.domain.kinds.common import Cancelled
from handover.domain.threads import UNCHANGED, By, Kind, Status, Transition, Turn


class Asked(Payload, frozen=True, kw_only=True):
    """A question to another organisation in the dossier; about one of its threads where `thread` names it."""

    receiver: Annotated[OrganisationId, STEP]
    question: Annotated[Text, CONTENT]
    counsellor: Annotated[CounsellorId | None, STEP] = None
    role: Annotated[QuestionRole | None, STEP] = None
    thread: Annotated[Reference | None, STEP] = None
    answer_by: Annotated[Day | None, STEP] = None


class Answered(Payload, frozen=True, kw_only=True):
    """The answer."""

    answer: Annotated[Text, CONTENT]


class PassedOn(Payload, frozen=True, kw_only=True):
    """A colleague knows better and takes the question; the answer time stays."""

    counsellor: Annotated[CounsellorId, STEP]


class AskedAgain(Payload, frozen=True, kw_only=True):
    """The answer did not help, or leads to a further question."""

    question: Annotated[Text, CONTENT]
    answer_by: Annotated[Day | None, STEP] = None


class Closed(Payload, frozen=True, kw_only=True):
    """The asker has what they need."""

    note: Annotated[Text | None, CONTENT] = None


_THREE_DAYS = on_field("answer_by", otherwise=working_days(3))

QUESTION = Kind(
    "question",
    "questions",
    (
        Transition(
            name="asked",
            payload=Asked,
            to=Status.REQUESTED,
            by=By.ANY,
            turn=Turn.RECEIVER,
            due=_THREE_DAYS,
            guards=(ANSWER_IN_TIME,),
            addresses="receiver",
            names_receiver="counsellor",
            example=Asked(
                receiver="vdab",
                question="Kan de cliënt al starten met de opleiding als de kinderopvang nog niet rond is?",
            ),
        ),
        Transition(
            name="answered",
            payload=Answered,
            starts=(Status.REQUESTED,),
            to=Status.IN_PROGRESS,
            by=By.RECEIVER,
            turn=Turn.SENDER,
            due=working_days(5),
            example=Answered(answer="Ja, de eerste twee weken zijn halftijds."),
        ),
        Transition(
            name="passedOn",
            payload=PassedOn,
            starts=(Status.REQUESTED,),
            to=Status.REQUESTED,
            by=By.RECEIVER,
            turn=Turn.RECEIVER,
            due=UNCHANGED,
            names_receiver="counsellor",
            example=PassedOn(counsellor="vdab.bemiddelaar-2"),
        ),
        Transition(
            name="askedAgain",
            payload=AskedAgain,
            starts=(Status.IN_PROGRESS,),
            to=Status.REQUESTED,
            by=By.SENDER,
            turn=Turn.RECEIVER,
            due=_THREE_DAYS,
            guards=(ANSWER_IN_TIME,),
            example=AskedAgain(question="En geldt dat ook als ze voltijds wil beginnen?"),
        ),
        Transition(
            name="closed",
            payload=Closed,
            starts=(Status.IN_PROGRESS,),
            to=Status.COMPLETED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            example=Closed(),
        ),
        Transition(
            name="cancelled",
            payload=Cancelled,
            starts=(Status.REQUESTED,),
            to=Status.CANCELLED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            outcome="reason",
            example=Cancelled(reason=codes.CancellationReason.MISTAKE),
        ),
    ),
)
