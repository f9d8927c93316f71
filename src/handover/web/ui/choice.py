"""What of a timeline is wanted: sides, kinds, only what has text. It stands in the address and works without script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

SIDES = ("ocmw", "vdab", "partner")
KINDS = ("handover", "question", "intake", "label", "training", "followUp", "nonCooperation", "dossier")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted; nothing chosen: everything."""

    sides: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    with_text: bool = False

    @classmethod
    def of(cls, query: QueryParams) -> "Choice":
        """Read it from an address; words that are none are passed over."""
        sides, kinds = query.getlist("side"), query.getlist("kind")
        return cls(
            tuple(side for side in SIDES if side in sides),
            tuple(kind for kind in KINDS if kind in kinds),
            query.get("text") == "1",
        )

    def __bool__(self) -> bool:
        return bool(self.sides or self.kinds or self.with_text)

    def wants(self, lane: str, kind: str, *, has_text: bool) -> bool:
        """Tell whether something of that side and kind is wanted."""
        side_fits = not self.sides or lane in self.sides
        kind_fits = not self.kinds or kind in self.kinds
        return side_fits and kind_fits and (has_text or not self.with_text)

    def query(self, **more: object) -> str:
        """Give it as the end of an address, with what else is asked."""
        asked: Mapping[str, Sequence[object]] = {
            "side": self.sides,
            "kind": self.kinds,
            "text": [1] if self.with_text else [],
            **{name: [value] for name, value in more.items() if value},
        }
        found = urlencode({name: list(values) for name, values in asked.items() if values}, doseq=True)
        return f"?{found}" if found else ""
