"""intake: planned, recorded, updated; and the facts that each side states about the client."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from handover.domain import codes_follow_up as codes
from handover.domain.codes import TargetGroup
from handover.domain.deadlines import on_field
from handover.domain.fields import (
    CONFIDENTIAL,
    CONTENT,
    INTERNAL,
    STEP,
    CounsellorId,
    Day,
    Line,
    Moment,
    OrganisationId,
    Part,
    Payload,
    Reference,
    Text,
)
from handover.domain.threads import NO_DUE, By, Kind, Status, Transition, Turn


class Barrier(Part, frozen=True, kw_only=True):
    """Something between the client and work, and how far it is dealt with."""

    kind: codes.BarrierKind
    state: codes.BarrierState


class Language(Part, frozen=True, kw_only=True):
    """A language (ISO 639-1) and its level."""

    language: Annotated[str, "ISO 639-1"]
    level: codes.LanguageLevel


class Document(Part, frozen=True, kw_only=True):
    """A document by reference: it stays in the system that holds it."""

    title: Line
    reference: Reference


class Planned(Payload, frozen=True, kw_only=True):
    """An intake is planned; a joint one names both counsellors."""

    form: Annotated[codes.IntakeForm, STEP]
    planned_at: Annotated[Moment, STEP]
    counsellor: Annotated[CounsellorId, STEP]
    other_organisation: Annotated[OrganisationId | None, STEP] = None
    other_counsellor: Annotated[CounsellorId | None, STEP] = None
    where: Annotated[Line | None, STEP] = None
    participants: Annotated[tuple[OrganisationId, ...], Meta(max_length=10), STEP] = ()
    """Who else is at the table (*startoverleg*); a partner comes into the dossier by it."""

    def lacks(self) -> tuple[str, str] | None:
        """A joint intake and a start meeting name both counsellors."""
        if self.form is codes.IntakeForm.SINGLE or (self.other_organisation and self.other_counsellor):
            return None
        field = "otherCounsellor" if self.other_organisation else "otherOrganisation"
        return field, "A joint intake names the other organisation and its counsellor."


class Recorded(Payload, frozen=True, kw_only=True):
    """What the intake brought up."""

    target_group: Annotated[TargetGroup, STEP]
    work_wish: Annotated[codes.WorkWish, CONTENT]
    situation: Annotated[Text, CONTENT]
    languages: Annotated[tuple[Language, ...], CONTENT] = ()
    barriers: Annotated[tuple[Barrier, ...], CONTENT] = ()
    needs: Annotated[Text | None, CONTENT] = None
    documents: Annotated[tuple[Document, ...], CONTENT] = ()
    health: Annotated[Text | None, CONFIDENTIAL] = None
    own_note: Annotated[Text | None, INTERNAL] = None


class Updated(Payload, frozen=True, kw_only=True):
    """What changed since; only the fields given change."""

    situation: Annotated[Text | None, CONTENT] = None
    work_wish: Annotated[codes.WorkWish | None, CONTENT] = None
    languages: Annotated[tuple[Language, ...], CONTENT] = ()
    barriers: Annotated[tuple[Barrier, ...], CONTENT] = ()
    needs: Annotated[Text | None, CONTENT] = None
    documents: Annotated[tuple[Document, ...], CONTENT] = ()
    health: Annotated[Text | None, CONFIDENTIAL] = None
    own_note: Annotated[Text | None, INTERNAL] = None


_EXAMPLE = Recorded(
    target_group=TargetGroup.LIVING_WAGE,
    work_wish=codes.WorkWish.PART_TIME,
    situation="Alleenstaand, twee kinderen, werkte vroeger in een magazijn.",
    languages=(Language(language="nl", level=codes.LanguageLevel.B1),),
    barriers=(Barrier(kind=codes.BarrierKind.CHILDCARE, state=codes.BarrierState.OPEN),),
    documents=(Document(title="Verslag intake", reference="ocmw:doc:1024"),),
)

INTAKE = Kind(
    "intake",
    "intakes",
    (
        Transition(
            name="planned",
            payload=Planned,
            to=Status.ACCEPTED,
            by=By.SENDER,
            turn=Turn.SENDER,
            due=on_field("planned_at"),
            names_sender="counsellor",
            addresses="other_organisation",
            invites="participants",
            names_receiver="other_counsellor",
            example=Planned(
                form=codes.IntakeForm.SINGLE,
                planned_at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
                counsellor="ocmw-lindedal.trajectbegeleider-1",
            ),
        ),
        Transition(
            name="recorded",
            payload=Recorded,
            to=Status.COMPLETED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            due=NO_DUE,
            example=_EXAMPLE,
        ),
        Transition(
            name="recorded",
            payload=Recorded,
            starts=(Status.ACCEPTED,),
            to=Status.COMPLETED,
            by=By.ANY,
            turn=Turn.NOBODY,
            example=_EXAMPLE,
        ),
        Transition(
            name="updated",
            payload=Updated,
            starts=(Status.COMPLETED,),
            to=Status.COMPLETED,
            by=By.ANY,
            turn=Turn.NOBODY,
            example=Updated(barriers=(Barrier(kind=codes.BarrierKind.CHILDCARE, state=codes.BarrierState.SOLVED),)),
        ),
    ),
)


class RegisteredAtVdab(Payload, frozen=True, kw_only=True):
    """The client is registered at VDAB. Registration is not activation."""

    since: Annotated[Day, STEP]
    on_behalf: Annotated[bool, STEP] = False
    """Registered by the OCMW worker, with the client's mandate."""


class TrajectoryStarted(Payload, frozen=True, kw_only=True):
    """The client is in an active trajectory."""

    since: Annotated[Day, STEP]
    kind: Annotated[codes.TrajectoryKind, STEP]


class BenefitStated(Payload, frozen=True, kw_only=True):
    """Which income the client receives, as this organisation knows it."""

    benefit: Annotated[codes.Benefit, STEP]
    since: Annotated[Day, STEP]
