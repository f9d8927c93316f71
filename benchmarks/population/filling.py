"""Writing the copies down as the journal would have: sealed with keys of their own, chained, in feed and log."""

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.population import models
from benchmarks.population.copies import MASK_BITS, Pattern, client, values
from benchmarks.population.models import play, shown_as
from benchmarks.population.places import Place, Places, Size
from handover.domain.parties import Counsellor
from handover.inbox.cards import DossierRow, rows
from handover.inbox.live import Changes
from handover.platform.settings import Settings
from handover.record import codec, merkle
from handover.record.journal import IN_CLEAR
from handover.record.log import leaf
from handover.record.lookups import SSIN
from handover.record.sealing import DossierKey, Sealer
from handover.wiring import Services

PROCESSES = 2
_AT_ONCE = 400
_LEAVES_AT_ONCE = 50_000
_COLUMNS = {
    "dossier": "dossier_id version head state ssin_sealed opened_at",
    "keys.dossier_key": "dossier_id content confidential changed_at",
    "ssin_lookup": "digest key_version dossier_id sealed",
    "event": "dossier_id sequence event_id type thread_id organisation_id recorded_at body link",
    "population_feed": "recorded_at organisation_id dossier_id sequence",
    "inbox_seen": "organisation_id counsellor_id dossier_id sequence",
}
_STAGED = """
CREATE UNLOGGED TABLE population_feed (
    recorded_at timestamptz, organisation_id text, dossier_id uuid, sequence integer
)
"""
_FEED = """
INSERT INTO feed (organisation_id, dossier_id, sequence)
SELECT organisation_id, dossier_id, sequence FROM population_feed ORDER BY recorded_at, dossier_id, sequence
"""
_IN_ORDER = """
SELECT e.dossier_id, e.sequence, e.link FROM event e ORDER BY e.recorded_at, e.dossier_id, e.sequence
"""
_ALL_DONE = """
UPDATE projection p SET xid = f.xid, position = f.position
FROM (SELECT xid, position FROM feed ORDER BY xid DESC, position DESC LIMIT 1) f
"""


async def populate(ready: Services, size: Size) -> dict[str, float]:
    """Fill a migrated database that has the demonstration's directory; give the seconds of each part."""
    took: dict[str, float] = {}
    started = time.monotonic()

    def note(what: str) -> None:
        nonlocal started
        took[what], started = time.monotonic() - started, time.monotonic()

    owner = await asyncpg.connect(ready.dsn)
    try:
        await owner.execute("SET synchronous_commit = off; SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
        await Places(size).save(ready)
        note("directory")
        await owner.execute(_STAGED)
        now = ready.clock.now()
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
            parts = [
                loop.run_in_executor(processes, fill_part, ready.settings, ready.dsn, size, now, part)
                for part in range(PROCESSES)
            ]
            await asyncio.gather(*parts)
        note("dossiers")
        await owner.execute(_FEED)
        await owner.execute("DROP TABLE population_feed")
        note("feed")
        await _grow_log(owner)
        await owner.execute(_ALL_DONE)
        await ready.log.seal(now)
        note("log")
        # Analysing alone leaves the maps of what is visible to all for the first readers to make.
        await owner.execute("VACUUM ANALYZE")
        await owner.execute("CHECKPOINT")
        note("vacuum")
    finally:
        await owner.close()
    return took


def fill_part(settings: Settings, dsn: str, size: Size, now: datetime, part: int) -> None:
    """Play a share of the models and write its share of the copies; runs in a process of its own."""
    asyncio.run(_fill_part(settings, dsn, size, now, part))


async def _fill_part(settings: Settings, dsn: str, size: Size, now: datetime, part: int) -> None:
    chance = random.Random(part)  # noqa: S311 - the same population each time
    patterns = [Pattern(play(chance, now)) for _ in range(max(size.models // PROCESSES, 1))]
    keys = settings.keys()
    sealer = Sealer(seal_key=keys.seal, ssin_key=keys.ssin)
    writer = _Writer(sealer, Places(size), chance)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET synchronous_commit = off")
        batch = _Batch()
        for number in range(part, size.dossiers, PROCESSES):
            writer.write(batch, chance.choice(patterns), number)
            if len(batch) >= _AT_ONCE:
                await batch.save(connection)
                batch = _Batch()
        await batch.save(connection)
    finally:
        await connection.close()


@dataclass
class _Batch:
    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})
    inbox: Changes = field(default_factory=Changes)

    def __len__(self) -> int:
        return len(self.tables["dossier"])

    async def save(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            for name, records in self.tables.items():
                schema, _, table = name.rpartition(".")
                await connection.copy_records_to_table(
                    table, schema_name=schema or None, columns=_COLUMNS[name].split(), records=records
                )
            await self.inbox.write(connection)


class _Writer:
    def __init__(self, sealer: Sealer, places: Places, chance: random.Random) -> None:
        self._sealer = sealer
        self._places = places
        self._chance = chance

    def write(self, batch: _Batch, pattern: Pattern, number: int) -> None:
        """Add a copy: dossier `number`, whose place in Flanders follows from it."""
        # Neighbouring numbers are opened all over the country.
        share = number * 0.6180339887498949 % 1
        family_name, born, ssin = client(number)
        who = self._stand_ins(share) | {
            models.GIVEN_NAME: "Voorbeeld",
            models.FAMILY_NAME: family_name,
            models.BIRTH_DATE.isoformat(): born.isoformat(),
        }
        ids = pattern.ids(self._chance.getrandbits(MASK_BITS))
        filled = values(who, ids)
        at = len(models.STAND_INS)
        dossier_id = ids[pattern.dossier_id - at]
        content, confidential = self._sealer.make_keys(dossier_id)
        key = self._sealer.dossier(dossier_id, content + confidential)
        head = codec.GENESIS
        for event in pattern.events:
            body = event.body.filled(filled)
            sealed = body if event.type in IN_CLEAR else key.seal_event(event.sequence, event.type, body)
            head = codec.link(head, dossier_id, event.sequence, sealed)
            batch.tables["event"].append(
                (
                    dossier_id,
                    event.sequence,
                    ids[event.event_id - at],
                    event.type,
                    ids[event.thread_id - at] if event.thread_id >= 0 else None,
                    who.get(event.organisation, event.organisation),
                    event.recorded_at,
                    sealed,
                    head,
                )
            )
            batch.tables["population_feed"] += [
                (event.recorded_at, who.get(name, name), dossier_id, event.sequence) for name in event.entitled
            ]
        state = pattern.state.filled(filled)
        batch.tables["dossier"].append(
            (
                dossier_id,
                len(pattern.events),
                head,
                key.seal(codec.STATE, state),
                sealed_ssin := key.seal(SSIN, ssin.encode()),
                pattern.opened_at,
            )
        )
        batch.tables["keys.dossier_key"].append((dossier_id, content, confidential, pattern.opened_at))
        batch.tables["ssin_lookup"].append(
            (self._sealer.digest(ssin), self._sealer.lookup_version, dossier_id, sealed_ssin)
        )
        self._project(batch, dossier_id, key, state)

    def _project(self, batch: _Batch, dossier_id: UUID, key: DossierKey, state: bytes) -> None:
        wanted = rows(codec.decode_state(state))
        batch.inbox.add(dossier_id, key, wanted, {})
        for row in wanted.values():
            if isinstance(row, DossierRow) and row.foreign_sequence:
                # An inbox that is read every day: most of what the others did has been seen.
                unseen = self._chance.choice((0, 0, 0, 0, 0, 0, 1, 2, 3))
                seen = row.foreign_sequence - unseen
                batch.tables["inbox_seen"] += [
                    (row.organisation, counsellor, dossier_id, seen) for counsellor in row.counsellors if seen > 0
                ]

    def _stand_ins(self, share: float) -> dict[str, str]:
        places, chance = self._places, self._chance
        ocmw, worker = places.at(share)
        partner = places.partners[chance.randrange(len(places.partners))]
        desk, team = places.vdab_desks[ocmw.slug], places.vdab_team(share)
        # Who stands on a desk sees no clients, so nobody is two of them.
        first = 3 + chance.randrange(len(team) - 3)
        second = 3 + (first - 2) % (len(team) - 3)
        people = {
            models.OCMW_1: ocmw.workers[worker],
            models.OCMW_2: ocmw.workers[worker - 1],
            models.OCMW_FIXED: ocmw.desk[0],
            models.OCMW_SUBSTITUTE: ocmw.desk[1],
            models.OCMW_COORDINATOR: ocmw.coordinator,
            models.VDAB_1: team[first],
            models.VDAB_2: team[second],
            models.VDAB_FIXED: desk[0],
            models.VDAB_SUBSTITUTE: desk[1],
            models.VDAB_TEAM_COORDINATOR: desk[2],
            models.PARTNER_1: partner.workers[0],
            models.PARTNER_COORDINATOR: partner.coordinator,
        }
        return dict(_named(ocmw, partner, people)) | {
            models.OCMW_TEAM: ocmw.workers[worker].team,
            models.VDAB_TEAM: team[0].team,
            models.PARTNER_TEAM: partner.workers[0].team,
        }


def _named(ocmw: Place, partner: Place, people: dict[str, Counsellor]) -> Iterator[tuple[str, str]]:
    yield models.OCMW, ocmw.slug
    yield models.PARTNER, partner.slug
    for stand_in, counsellor in people.items():
        yield stand_in, counsellor.counsellor_id
        yield shown_as(stand_in), counsellor.name


async def _grow_log(owner: asyncpg.Connection) -> None:
    """Put every event into the tree, in the order in which they were recorded."""
    frontier, position = merkle.Frontier(), 0
    async with owner.transaction():
        cursor = await owner.cursor(_IN_ORDER)
        while page := await cursor.fetch(_LEAVES_AT_ONCE):
            leaves = []
            for dossier_id, sequence, link in page:
                nodes = frontier.append(leaf(UUID(int=dossier_id.int), sequence, link))
                leaves.append((position, dossier_id, sequence, nodes))
                position += 1
            await owner.copy_records_to_table(
                "log_leaf", columns=["position", "dossier_id", "sequence", "nodes"], records=leaves
            )
