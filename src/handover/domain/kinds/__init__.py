"""Every process, one file each with its table. A new kind is a new file and one line here."""

from dataclasses import dataclass
from types import MappingProxyType

from msgspec import defstruct

from handover.domain.fields import Payload, Visibility, visibility_of
from handover.domain.kinds.common import EVERYWHERE
from handover.domain.kinds.dossier import DOSSIER
from handover.domain.kinds.follow_up import FOLLOW_UP
from handover.domain.kinds.handover import HANDOVER
from handover.domain.kinds.intake import INTAKE
from handover.domain.kinds.label import LABEL
from handover.domain.kinds.non_cooperation import NON_COOPERATION
from handover.domain.kinds.question import QUESTION
from handover.domain.kinds.training import TRAINING
from handover.domain.threads import By, Kind, Transition

KINDS = (DOSSIER, INTAKE, HANDOVER, QUESTION, LABEL, TRAINING, FOLLOW_UP, NON_COOPERATION)
KIND = MappingProxyType({kind.name: kind for kind in KINDS})


@dataclass(frozen=True, slots=True)
class EventType:
    """Everything known about one event type, by its full name such as `handover.requested`."""

    name: str
    kind: Kind
    rows: tuple[Transition, ...]
    payload: type[Payload]
    strict: type[Payload]
    """The payload as it must be posted: the same fields, unknown ones refused."""
    visibility: dict[str, Visibility]

    @property
    def is_posted(self) -> bool:
        """Tell whether a party may post it; `system` events cannot be posted."""
        return all(row.by is not By.SYSTEM for row in self.rows)

    @property
    def cloud_type(self) -> str:
        """The CloudEvents type, in Belgif's grammar."""
        return f"handover.v1.dossiers.{self.kind.plural}.notify.{self.rows[0].name}"


def _event_type(name: str, kind: Kind, rows: tuple[Transition, ...]) -> EventType:
    payload = rows[0].payload
    title = kind.name[0].upper() + kind.name[1:] + rows[0].name[0].upper() + rows[0].name[1:]
    # A stored event may come from a newer version of this program, so only a posted one is held to the letter.
    strict: type[Payload] = defstruct(
        title, [], bases=(payload,), frozen=True, kw_only=True, forbid_unknown_fields=True
    )  # type: ignore[assignment]
    return EventType(name, kind, rows, payload, strict, visibility_of(payload))


EVENT_TYPES: MappingProxyType[str, EventType] = MappingProxyType(
    {
        name: _event_type(name, kind, rows)
        for kind in KINDS
        for name, rows in (kind.rows | {f"{kind.name}.{row.name}": (row,) for row in EVERYWHERE}).items()
    }
)
