"""What is known about the client beside the processes: three facts kept apart, and each side's word on income."""

from datetime import date

from msgspec import Struct

from handover.domain.codes_follow_up import Benefit


class Facts(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Three separate facts: registered, known (the target group), activated; and each side's word on income."""

    registered_at_vdab_since: date | None = None
    trajectory_since: date | None = None
    benefits: dict[str, Benefit] = {}
