"""What of the inbox somebody wants to see: whose, and narrowed to what. It stands in the page's address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from handover.domain.codes import TargetGroup
from handover.domain.kinds import KIND
from handover.inbox.views import Group, InboxItem, Line


class Whose(StrEnum):
    """Whose inbox."""

    MINE = "mine"
    TEAM = "team"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A choice; what is left empty narrows nothing. `whole` is the group that is shown to its end."""

    whose: Whose = Whose.MINE
    late: bool = False
    priority_line: bool = False
    kind: str = ""
    target_group: TargetGroup | None = None
    whole: Group | None = None
    later: bool = False
    """Whether what can wait is shown too."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read an address; what means nothing is passed over, so that an old bookmark still opens."""

        def one(name: str) -> str:
            return query.get(name, "")

        return cls(
            whose=Whose(one("whose")) if one("whose") in set(Whose) else Whose.MINE,
            late=one("late") == "1",
            priority_line=one("line") == "1",
            kind=one("kind") if one("kind") in KIND else "",
            target_group=TargetGroup.of(one("group")) if one("group") in {str(g) for g in TargetGroup} else None,
            whole=Group(one("whole")) if one("whole") in set(Group) else None,
            later=one("later") == "1",
        )

    @property
    def narrows(self) -> int:
        """By how many conditions the list is narrowed."""
        return sum((self.late, self.priority_line, bool(self.kind), self.target_group is not None))

    @property
    def query(self) -> str:
        """As it stands in an address, "" for the inbox as it opens."""
        found = {
            "whose": "" if self.whose is Whose.MINE else str(self.whose),
            "late": "1" if self.late else "",
            "line": "1" if self.priority_line else "",
            "kind": self.kind,
            "group": str(self.target_group or ""),
            "whole": str(self.whole or ""),
            "later": "1" if self.later else "",
        }
        return urlencode({name: value for name, value in found.items() if value})

    def address(self, path: str = "/", **changes: object) -> str:
        """Give the address of the inbox as it is wanted now, with changes."""
        query = replace(self, **changes).query  # type: ignore[arg-type]
        return f"{path}?{query}" if query else path

    def among(self, lines: Iterable[Line]) -> list[Line]:
        """Give the lines that are wanted, in their order. Overdue is only what waits: news is never late."""
        found = [line for line in lines if not self.late or line.overdue]
        if self.priority_line or self.kind or self.target_group:
            return [line for line in found if self._takes(line.item)]
        return found

    def _takes(self, item: InboxItem) -> bool:
        return (
            (not self.priority_line or item.priority_line)
            and (not self.kind or item.kind == self.kind)
            and (self.target_group is None or item.target_group is self.target_group)
        )
