"""An event as it is recorded, and the commands that lead to one."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from handover.domain.codes import Capacity, LeadKind, TargetGroup
from handover.domain.codes_dossier import ErasureReason
from handover.domain.facts import Facts
from handover.domain.fields import Payload
from handover.domain.parties import NOBODY, Actor, Caller
from handover.domain.threads import Thread


class Event(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Something that happened in a dossier; never changed, never deleted.

    `occurred_at` is when it happened, `recorded_at` when we knew. `threads` is what the event made of the
    threads it touched: status, turn and due moment are recorded outcomes, so a later change of a table or an
    agreement never rewrites history.
    """

    event_id: UUID
    dossier_id: UUID
    sequence: int
    type: str
    organisation: str
    actor: Actor
    occurred_at: datetime
    recorded_at: datetime
    data: Payload
    thread_id: UUID | None = None
    threads: tuple[Thread, ...] = ()
    facts: Facts | None = None
    """The facts as they are again, where a mistaken one was taken back."""


class OpenDossier(Struct, frozen=True, kw_only=True):
    """Open the client's dossier, or join it when it exists already."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller
    given_name: str
    family_name: str
    birth_date: date
    target_group: TargetGroup
    capacity: Capacity
    legal_basis_id: str
    lead: LeadKind | None = None
    """Required for `inactiveWithoutBenefit`, where either side may direct."""
    lead_name: str = ""
    """Required for `inactiveWithBenefit`: the paying body."""
    ssin_birth_date: date | None = None
    """The birth date that the national number holds, where it holds one."""


class PostEvent(Struct, frozen=True, kw_only=True):
    """Record a step. `command_id` becomes the event's id; events that follow from it count up from there."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller
    type: str
    data: Payload
    thread_id: UUID | None = None
    occurred_at: datetime | None = None


class Acknowledge(Struct, frozen=True, kw_only=True):
    """The caller's system or counsellor has seen the referral: requested becomes received."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller
    thread_id: UUID
    how: str


class PassTime(Struct, frozen=True, kw_only=True):
    """Time has passed: record what it brings (a rung of the ladder, a mandate that ended, a partner's leaving)."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller = NOBODY


class ReplaceSsin(Struct, frozen=True, kw_only=True):
    """The client's national number was replaced; the numbers themselves never come into the domain."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller
    replaced_on: date
    ssin_birth_date: date | None = None


class Merge(Struct, frozen=True, kw_only=True):
    """Two dossiers are of one client: `dossier_id` closes and goes on in `into`."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller
    into: UUID


class Erase(Struct, frozen=True, kw_only=True):
    """The personal data of a closed dossier is to go: its keys are destroyed in the same transaction."""

    command_id: UUID
    dossier_id: UUID
    reason: ErasureReason
    caller: Caller = NOBODY


class CloseUnused(Struct, frozen=True, kw_only=True):
    """Nothing happened in the dossier for as long as its organisations keep one open."""

    command_id: UUID
    dossier_id: UUID
    caller: Caller = NOBODY


Command = OpenDossier | PostEvent | Acknowledge | PassTime | ReplaceSsin
