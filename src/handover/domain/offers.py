"""The offer map (*aanbodkaart*): who offers what, where, for which target group and against which barrier.

Each organisation keeps its own offers; everyone reads all. Nothing here is about a client.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from handover.domain.codes import TargetGroup
from handover.domain.codes_follow_up import BarrierKind
from handover.domain.codes_offer import OfferKind
from handover.domain.codes_training import Instrument
from handover.domain.fields import CounsellorId, Day, Line, Text
from handover.domain.parties import Directory
from handover.domain.refusals import InvalidField

NisCode = Annotated[str, Meta(min_length=5, max_length=5, pattern=r"^[1-9][0-9]{4}$")]
"""A municipality's code in the Belgian statistics (NIS, refnis), five digits."""
Link = Annotated[str, Meta(max_length=500, pattern=r"^https?://\S+$(?!\s)")]
"""An address on the web. `$` alone would also let a line's end follow."""


class Municipality(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A municipality: its code, and its name as people say it."""

    nis_code: NisCode
    name: Line


class Proposed(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """An offer as an organisation writes it. No municipality, target group or barrier named: for all of them."""

    kind: OfferKind
    title: Line
    description: Text
    instrument: Instrument | None = None
    municipalities: Annotated[tuple[Municipality, ...], Meta(max_length=300)] = ()
    target_groups: Annotated[tuple[TargetGroup, ...], Meta(max_length=20)] = ()
    barriers: Annotated[tuple[BarrierKind, ...], Meta(max_length=20)] = ()
    how_to_apply: Text | None = None
    where: Line | None = None
    contact: CounsellorId | None = None
    link: Link | None = None
    valid_from: Day
    valid_until: Day | None = None

    @property
    def places(self) -> list[str]:
        """What a search may name the municipalities by: codes and names, in small letters."""
        return [text.casefold() for m in self.municipalities for text in (m.nis_code, m.name)]

    def holds(self, on: date) -> bool:
        """Tell whether it can be used on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


class Offer(Struct, frozen=True, kw_only=True):
    """An offer of one organisation, at `version`."""

    offer_id: UUID
    organisation: str
    offer: Proposed
    version: int
    changed_by: str


class Search(Struct, frozen=True, kw_only=True):
    """What is looked for; what is left out does not matter. Several kinds or barriers: any of these."""

    municipality: str = ""
    target_group: str = ""
    barriers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    instrument: str = ""
    organisation: str = ""
    text: str = ""


def check(proposed: Proposed, organisation: str, directory: Directory) -> None:
    """Refuse an offer that does not hang together. Raises InvalidField."""
    if proposed.valid_until is not None and proposed.valid_until < proposed.valid_from:
        raise InvalidField("validUntil", "The offer ends before it begins.")
    if proposed.contact and directory.counsellor_of(organisation, proposed.contact) is None:
        raise InvalidField("contact", f"No such counsellor at {organisation}.", unknown_reference=True)
