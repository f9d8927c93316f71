"""dossier: what concerns the dossier itself, and the change of lead, which is a thread because someone must answer."""

from datetime import date
from typing import Annotated

from handover.domain import codes
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
from handover.domain.kinds.intake import BenefitStated, RegisteredAtVdab, TrajectoryStarted
from handover.domain.threads import By, Kind, Status, Transition, Turn


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
    """The referral that opened it, if one did."""


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


class LeadAccepted(Payload, frozen=True, kw_only=True):
    """The new lead directs from now on, with a named counsellor."""

    counsellor: Annotated[CounsellorId, STEP]


class LeadRefused(Payload, frozen=True, kw_only=True):
    """The organisation does not take the lead."""

    reason: Annotated[codes.RejectionReason, STEP]
    explanation: Annotated[Text | None, CONTENT] = None


class LeadConcluded(Payload, frozen=True, kw_only=True):
    """The lead stays where it was."""

    what_now: Annotated[Text, CONTENT]


class Closed(Payload, frozen=True, kw_only=True):
    """The dossier closes; everything in it stays readable."""

    reason: Annotated[ClosingReason, STEP]
    note: Annotated[Text | None, CONTENT] = None


class Reopened(Payload, frozen=True, kw_only=True):
    """The client is back."""

    why: Annotated[Text, CONTENT]


def _plain(name: str, payload: type[Payload], by: By, example: Payload, *, on_closed: bool = False) -> Transition:
    """A row that concerns the dossier itself and opens no thread."""
    return Transition(
        name=name,
        payload=payload,
        by=by,
        to=Status.COMPLETED,
        turn=Turn.NOBODY,
        example=example,
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
        _plain("registeredAtVdab", RegisteredAtVdab, By.ANY, RegisteredAtVdab(since=date(2026, 11, 2))),
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
            addresses="lead",
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
            payload=LeadConcluded,
            topic="lead",
            starts=(Status.REJECTED,),
            to=Status.CLOSED,
            by=By.SENDER,
            turn=Turn.NOBODY,
            example=LeadConcluded(what_now="Het OCMW blijft regisseur."),
        ),
        _plain("closed", Closed, By.LEAD, Closed(reason=ClosingReason.GOAL_REACHED)),
        _plain("reopened", Reopened, By.ANY, Reopened(why="De cliënt meldt zich opnieuw aan."), on_closed=True),
    ),
)
