"""What must hold after every fault: looked up in the database and in what the receivers heard, not assumed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handover.platform.settings import Settings
from handover.record import codec, exporting
from handover.record.notes import Signer
from handover.record.verifying import Report, verify
from handover.wiring import log_name
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.receiver import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Counts over a whole run. All but `stored`, `entitled` and `duplicates` must be 0 unless a promise says else."""

    stored: int
    lost: int
    """Acknowledged events that are not stored."""
    unasked: int
    """Stored commands whose key the load does not know of."""
    gaps: int
    """Places in a dossier where a sequence is missing."""
    breaks: int
    """Events whose chain link does not follow from the one before and the stored bytes."""
    entitled: int = 0
    undelivered: int = 0
    """Entitled and never taken by the receiver."""
    strangers: int = 0
    """Taken by the receiver and not entitled."""
    disordered: int = 0
    """First arrivals that came after a later one of the same dossier."""
    duplicates: int = 0

    def good(self, *, duplicates: int | None = 0) -> None:
        """Fail unless the promise was kept; `duplicates` is how many are allowed (None: any)."""
        wrong = {
            name: value
            for name in ("lost", "unasked", "gaps", "breaks", "undelivered", "strangers", "disordered")
            if (value := getattr(self, name))
        }
        assert not wrong, f"the promise was broken: {wrong} of {self}"
        assert duplicates is None or self.duplicates <= duplicates, f"{self.duplicates} duplicates: {self}"


async def audit(house: House, load: Load, heard: Mapping[str, Sequence[Heard]] | None = None) -> Finding:
    """Compare what was acknowledged, what is stored, and what each organisation's receiver took."""
    assert not load.unknown, "settle the load first"
    rows = await house.pool.fetch(
        "SELECT dossier_id, sequence, event_id, body, link FROM event ORDER BY dossier_id, sequence"
    )
    stored = {str(row["event_id"]) for row in rows}
    gaps = breaks = 0
    dossier, last, head = None, 0, codec.GENESIS
    for row in rows:
        if row["dossier_id"] != dossier:
            dossier, last, head = row["dossier_id"], 0, codec.GENESIS
        gaps += row["sequence"] != last + 1
        head = codec.link(head, row["dossier_id"], row["sequence"], row["body"])
        breaks += head != row["link"]
        last, head = row["sequence"], row["link"]
    heads = await house.pool.fetch("SELECT dossier_id, version, head FROM dossier")
    ends = {row["dossier_id"]: (row["sequence"], row["link"]) for row in rows}
    breaks += sum(ends.get(row["dossier_id"]) != (row["version"], row["head"]) for row in heads)
    keys = {row["key"] for row in await house.pool.fetch("SELECT key FROM idempotency")}
    claimed = [event for events in load.acknowledged.values() for event in events]
    finding = {
        "stored": len(stored),
        "lost": len(set(claimed) - stored),
        "unasked": len(keys - set(load.acknowledged)),
        "gaps": gaps,
        "breaks": breaks,
    }
    delivered = [await _delivery(house, organisation, taken) for organisation, taken in (heard or {}).items()]
    total: Counter[str] = Counter()
    for one in delivered:
        total.update(one)
    return Finding(**finding, **total)


async def _delivery(house: House, organisation: str, taken: Sequence[Heard]) -> dict[str, int]:
    rows = await house.pool.fetch(
        """
        SELECT e.event_id FROM feed f JOIN event e ON e.dossier_id = f.dossier_id AND e.sequence = f.sequence
        WHERE f.organisation_id = $1
        """,
        organisation,
    )
    entitled = {str(row["event_id"]) for row in rows}
    arrived = Counter(one.id for one in taken)
    highest: defaultdict[str, int] = defaultdict(int)
    seen: set[str] = set()
    disordered = 0
    for one in taken:
        if one.id in seen:
            continue
        seen.add(one.id)
        disordered += one.sequence < highest[one.dossier]
        highest[one.dossier] = max(highest[one.dossier], one.sequence)
    return {
        "entitled": len(entitled),
        "undelivered": len(entitled - arrived.keys()),
        "strangers": len(arrived.keys() - entitled),
        "disordered": disordered,
        "duplicates": arrived.total() - len(arrived),
    }


async def log_report(house: House) -> Report:
    """Export everything and check it as an outsider would, with the instance's own verifier key."""
    settings = Settings(data_dir=house.place, database_url=house.dsn, public_url=house.base_url)
    key = Signer(log_name(settings), settings.keys().log).verifier_key
    async with house.pool.acquire() as connection:
        return verify([line async for line in exporting.lines(connection, key, datetime.now(UTC))], verifier_key=key)
