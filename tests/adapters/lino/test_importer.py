"""The import against a real record: repeatable, incremental, and whole after a crash."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from uuid import UUID

import asyncpg
import pytest
from tests.adapters.lino.centre import (
    BARE,
    CENTRE,
    HELPER,
    NOW,
    OTHER_HELPER,
    appointment,
    client,
    coaching,
    granting,
    isip,
    ssin,
    with_art60,
)

from handover.adapters.kit.contract import Answer, Mark, Report
from handover.adapters.kit.importer import Importer
from handover.adapters.lino.appointments import Outcome
from handover.adapters.lino.inbound import plan_of
from handover.adapters.lino.reader import LinoSnapshot
from handover.adapters.lino.system import LINO
from handover.domain.codes import Capacity, OrganisationKind, Purpose, TargetGroup
from handover.domain.codes_follow_up import EndReason
from handover.domain.dossier import Dossier
from handover.domain.events import Command, Event, OpenDossier, PostEvent
from handover.domain.kinds.dossier import CounsellorReplaced
from handover.domain.kinds.follow_up_payloads import ContractChanged, ContractEnded
from handover.domain.parties import Actor, Caller, Directory, LegalBasis, Organisation
from handover.exchange.bringing import with_counsellors
from handover.exchange.door import KeptMarks, RecordDoor, RehearsalDoor
from handover.platform.clock import Clock
from handover.platform.db import open_pool
from handover.platform.ids import new_id
from handover.record import codec
from handover.record.handle import Record, Request
from handover.record.reading import Reader
from handover.record.sealing import KEY_OF, Sealer

_EVENTS = f"""
SELECT dossier_id, sequence, body, {KEY_OF.format("e")} AS keys FROM event e ORDER BY dossier_id, sequence
"""  # noqa: S608 - a constant

OCMW = Organisation(
    organisation_id="ocmw-lindedal", kind=OrganisationKind.OCMW, enterprise_number="0123456749", name="OCMW"
)
VDAB = Organisation(organisation_id="vdab", kind=OrganisationKind.VDAB, enterprise_number="0887010362", name="VDAB")
BASIS = LegalBasis(
    legal_basis_id="demo-protocol",
    title="",
    reference="",
    purposes=frozenset(Purpose),
    valid_from=date(2020, 1, 1),
)


class Stopped(Exception):  # noqa: N818 - what a killed process would be
    """The process died here."""


@dataclass(kw_only=True)
class House:
    """A record on a fresh database, at the moment the hand-made Lino is of."""

    pool: asyncpg.Pool
    directory: Directory
    clock: Clock
    record: Record = field(init=False)
    door: RecordDoor = field(init=False)

    def __post_init__(self) -> None:
        sealer = Sealer(seal_key=b"1" * 32, ssin_key=b"2" * 32)
        self.record = Record(self.pool, self.pool, sealer, lambda: self.directory, lambda: None)
        self.door = RecordDoor(
            pool=self.pool,
            record=self.record,
            reader=Reader(self.pool, sealer),
            sealer=sealer,
            clock=self.clock,
        )

    def marks(self) -> KeptMarks:
        return KeptMarks(pool=self.pool, clock=self.clock, organisation_id=OCMW.organisation_id, system="lino")

    async def run(self, snapshot: LinoSnapshot, **parts: object) -> Report:
        plan = plan_of(snapshot, OCMW.organisation_id, now=self.clock.now())
        self.directory = with_counsellors(self.directory, plan)
        given: dict[str, object] = {"door": self.door, "marks": self.marks(), **parts}
        importer = Importer(system=LINO, organisation=OCMW, legal_basis_id="demo-protocol", **given)  # type: ignore[arg-type]
        return await importer.run(plan)

    async def events(self) -> list[Event]:
        rows = await self.pool.fetch(_EVENTS)
        keys = [self.door.sealer.dossier(row["dossier_id"], row["keys"]) for row in rows]
        opened = [k.open_event(row["sequence"], row["body"]) for k, row in zip(keys, rows, strict=True)]
        return [codec.decode_event(body) for body in opened]

    async def types(self) -> list[str]:
        return [event.type for event in await self.events()]

    async def the_dossier(self) -> Dossier:
        found = await self.door.reader.dossier(await self.pool.fetchval("SELECT dossier_id FROM dossier"))
        assert found
        return found[0]

    async def forget_keys(self) -> None:
        """As if the idempotency records had grown too old."""
        await self.pool.execute("DELETE FROM idempotency")


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    pool = await open_pool(database, size=4, application_name="test")
    directory = Directory({"ocmw-lindedal": OCMW, "vdab": VDAB}, {}, {"demo-protocol": BASIS})
    clock = Clock(NOW - Clock().now())
    yield House(pool=pool, directory=directory, clock=clock)
    await pool.close()


@dataclass
class DyingMarks:
    """Marks of a process that is killed before it writes its `left`-th time."""

    real: KeptMarks
    left: int

    async def load(self) -> Mapping[str, Mark]:
        return await self.real.load()

    async def write(self, marks: Sequence[Mark]) -> None:
        if self.left == 0:
            raise Stopped
        self.left -= 1
        await self.real.write(marks)


@dataclass
class DyingDoor:
    """A door of a process that is killed after `left` commands were recorded."""

    real: RecordDoor
    left: int

    async def submit(self, command: Command, *, key: str, ssin: str | None = None) -> Answer:
        if self.left == 0:
            raise Stopped
        self.left -= 1
        return await self.real.submit(command, key=key, ssin=ssin)

    async def dossier(self, dossier_id: UUID) -> Dossier | None:
        return await self.real.dossier(dossier_id)

    async def known(self, ssins: Sequence[str]) -> Mapping[str, UUID]:
        return await self.real.known(ssins)


ALL = [
    "dossier.opened",
    "dossier.inscriptionOpened",
    "dossier.counsellorAssigned",
    "intake.recorded",
    "followUp.planAgreed",
    "followUp.art60Started",
    "followUp.appointmentPlanned",
    "followUp.attended",
    "followUp.appointmentPlanned",
]


async def test_a_second_run_adds_nothing(house: House) -> None:
    first = await house.run(CENTRE)
    assert (first.opened, first.joined, first.known, first.rejects) == (1, 0, 0, [])
    assert await house.types() == ALL
    assert first.events == Counter(ALL)
    second = await house.run(CENTRE)
    assert (second.opened, second.known, second.recorded, second.rejects) == (0, 1, 0, [])
    assert second.unchanged == 6
    assert await house.types() == ALL


async def test_steps_are_the_ocmw_s_own_by_the_application_lino(house: House) -> None:
    await house.run(CENTRE)
    events = await house.events()
    assert {(e.organisation, e.actor.application, e.actor.counsellor_id) for e in events} == {
        ("ocmw-lindedal", "lino", "")
    }
    assert all(e.occurred_at <= e.recorded_at for e in events)
    dossier = await house.the_dossier()
    assert dossier.counsellor_of("ocmw-lindedal") == dossier.lead.counsellor == "ocmw-lindedal.hulp1"
    assert dossier.target_group is TargetGroup.EMPLOYED_THROUGH_OCMW


async def test_a_changed_end_date_adds_one_event_and_moves_the_due_moment(house: House) -> None:
    await house.run(CENTRE)
    before = {t.thread_id: t.due_at for t in (await house.the_dossier()).threads.values() if t.topic == "art60"}
    longer = with_art60(until=date(2027, 9, 30), ended=date(2027, 9, 30))
    report = await house.run(longer)
    assert report.events == Counter({"followUp.art60Changed": 1})
    (thread,) = [t for t in (await house.the_dossier()).threads.values() if t.topic == "art60"]
    assert thread.due_at
    assert thread.due_at > (before[thread.thread_id] or NOW)
    assert (await house.run(longer)).recorded == 0


async def test_content_that_goes_from_a_to_b_and_back_gives_an_event_each_time(house: House) -> None:
    await house.run(CENTRE)
    other = with_art60(until=date(2027, 9, 30), ended=date(2027, 9, 30))
    for snapshot in (other, CENTRE, other, CENTRE):
        assert (await house.run(snapshot)).events == Counter({"followUp.art60Changed": 1})
    ends = [e.data.ends_on for e in await house.events() if isinstance(e.data, ContractChanged)]
    assert ends == [date(2027, 9, 30), date(2027, 5, 3)] * 2


@pytest.mark.parametrize("keys_kept", ["keys kept", "keys forgotten"])
async def test_a_crash_between_record_and_mark_adds_nothing_the_second_time(house: House, keys_kept: str) -> None:
    with pytest.raises(Stopped):
        await house.run(CENTRE, marks=DyingMarks(house.marks(), 0))
    with pytest.raises(Stopped):
        await house.run(CENTRE, marks=DyingMarks(house.marks(), 1))
    assert await house.types() == ALL
    recorded = await house.pool.fetch("SELECT key FROM inbound_mark WHERE digest <> ''")
    assert recorded == []
    if keys_kept != "keys kept":
        await house.forget_keys()
    healed = await house.run(CENTRE)
    if keys_kept == "keys kept":
        assert (healed.recorded, healed.rejects) == (0, [])
        assert await house.types() == ALL
    # Without the keys a contract is told again as it is; it never opens a second thread.
    assert len((await house.the_dossier()).threads) == 5
    assert (await house.run(CENTRE)).recorded == 0


@pytest.mark.parametrize("after", range(8))
async def test_a_run_that_dies_after_any_command_is_completed_by_the_next(house: House, after: int) -> None:
    with pytest.raises(Stopped):
        await house.run(CENTRE, door=DyingDoor(house.door, after))
    await house.run(CENTRE)
    assert await house.types() == ALL
    assert (await house.run(CENTRE)).recorded == 0


async def test_a_crash_then_a_change_gives_the_change(house: House) -> None:
    with pytest.raises(Stopped):
        await house.run(CENTRE, marks=DyingMarks(house.marks(), 1))
    longer = with_art60(until=date(2027, 9, 30), ended=date(2027, 9, 30))
    assert (await house.run(longer)).events == Counter({"followUp.art60Changed": 1})


async def test_a_crash_while_a_change_is_recorded_cannot_hide_that_it_was_taken_back(house: House) -> None:
    await house.run(CENTRE)
    longer = with_art60(until=date(2027, 9, 30), ended=date(2027, 9, 30))
    with pytest.raises(Stopped):
        await house.run(longer, marks=DyingMarks(house.marks(), 1))
    assert (await house.types())[-1] == "followUp.art60Changed"
    assert (await house.run(CENTRE)).events == Counter({"followUp.art60Changed": 1})
    last = (await house.events())[-1].data
    assert isinstance(last, ContractChanged)
    assert last.ends_on == date(2027, 5, 3)
    assert (await house.run(CENTRE)).recorded == 0


async def test_a_contract_broken_off_ends_once_and_goes_on_in_a_new_thread_when_taken_back(
    house: House,
) -> None:
    await house.run(CENTRE)
    broken = with_art60(ended=date(2026, 11, 20))
    assert (await house.run(broken)).events == Counter({"followUp.art60Ended": 1})
    last = (await house.events())[-1].data
    assert last == ContractEnded(ended_on=date(2026, 11, 20), reason=EndReason.OTHER)
    assert (await house.run(broken)).recorded == 0
    assert (await house.run(CENTRE)).events == Counter({"followUp.art60Started": 1})
    assert (await house.run(CENTRE)).recorded == 0
    changed = with_art60(function="Hulpkok")
    assert (await house.run(changed)).events == Counter({"followUp.art60Changed": 1})
    assert (await house.run(broken)).events == Counter({"followUp.art60Ended": 1})
    statuses = sorted(str(t.status) for t in (await house.the_dossier()).threads.values() if t.topic == "art60")
    assert statuses == ["completed", "completed"]
    assert (await house.run(broken)).recorded == 0


async def test_an_end_that_was_recorded_and_moved_is_listed_not_forgotten(house: House) -> None:
    await house.run(with_art60(ended=date(2026, 11, 20)))
    report = await house.run(with_art60(ended=date(2026, 11, 18)))
    assert report.recorded == 0
    assert [(r.source, r.key, "changed in Lino since" in r.reason) for r in report.rejects] == [
        ("jobs/Contracts", 5, True)
    ]


async def test_an_end_that_a_counsellor_recorded_is_not_told_twice(house: House) -> None:
    await house.run(CENTRE)
    dossier = await house.the_dossier()
    thread = next(t for t in dossier.threads.values() if t.topic == "art60")
    command = PostEvent(
        command_id=new_id(),
        dossier_id=dossier.dossier_id,
        caller=Caller(organisation=OCMW, actor=Actor(name="x")),
        type="followUp.art60Ended",
        data=ContractEnded(ended_on=date(2026, 11, 20), reason=EndReason.OTHER),
        thread_id=thread.thread_id,
    )
    await house.record.handle(command, Request(), at=NOW + timedelta(hours=1))
    report = await house.run(with_art60(ended=date(2026, 11, 20)))
    assert (report.recorded, [r.key for r in report.rejects if r.source == "jobs/Contracts"]) == (0, [])


async def test_another_coach_takes_over(house: House) -> None:
    await house.run(CENTRE)
    for coach, before in ((OTHER_HELPER, "hulp1"), (HELPER, "lino-2")):
        snapshot = replace(CENTRE, coachings=(replace(coaching(1, 17), coach=coach),))
        assert (await house.run(snapshot)).events == Counter({"dossier.counsellorReplaced": 1})
        last = (await house.events())[-1].data
        assert isinstance(last, CounsellorReplaced)
        assert last.replaced == f"ocmw-lindedal.{before}"


async def test_an_appointment_gets_its_outcome_and_what_a_dossier_cannot_tell_is_listed(house: House) -> None:
    await house.run(CENTRE)
    planned, attended = CENTRE.appointments
    moved = replace(CENTRE, appointments=(replace(planned, day=date(2026, 12, 1)), attended))
    report = await house.run(moved)
    assert (report.recorded, [r.key for r in report.rejects]) == (0, [7])
    cancelled = replace(CENTRE, appointments=(replace(planned, outcome=Outcome.CANCELLED), attended))
    report = await house.run(cancelled)
    assert (report.recorded, [r.key for r in report.rejects]) == (0, [7])
    missed = replace(CENTRE, appointments=(appointment(7, 17, Outcome.MISSED), attended))
    assert (await house.run(missed)).events == Counter({"followUp.unattended": 1})
    taken_back = await house.run(CENTRE)
    assert (taken_back.recorded, [r.key for r in taken_back.rejects]) == (0, [7])


async def test_what_lino_no_longer_has_is_listed(house: House) -> None:
    await house.run(CENTRE)
    report = await house.run(replace(CENTRE, isip=()))
    assert report.recorded == 0
    assert [(r.source, r.key) for r in report.rejects] == [("isip/Contracts", 3)]


async def test_vdab_s_dossier_is_joined(house: House) -> None:
    opening = OpenDossier(
        command_id=new_id(),
        dossier_id=new_id(),
        caller=Caller(organisation=VDAB, actor=Actor(name="x")),
        given_name="voorbeeld",
        family_name="CLIENT 17",
        birth_date=date(1980, 1, 1),
        target_group=TargetGroup.JOB_SEEKER,
        capacity=Capacity.JOB_SEEKER,
        legal_basis_id="demo-protocol",
    )
    await house.record.handle(opening, Request(ssin=ssin(17)), at=NOW)
    report = await house.run(CENTRE)
    assert (report.opened, report.joined) == (0, 1)
    assert (await house.run(CENTRE)).recorded == 0
    assert await house.pool.fetchval("SELECT count(*) FROM dossier") == 1


async def test_a_refusal_is_a_reject_that_takes_the_rest_of_the_client_along(house: House) -> None:
    other = replace(client(18), national_id=ssin(17))
    snapshot = replace(CENTRE, clients=(*CENTRE.clients, other))
    await house.run(snapshot)
    snapshot = replace(snapshot, coachings=(*CENTRE.coachings, coaching(2, 18)), isip=(*CENTRE.isip, isip(4, 18)))
    report = await house.run(snapshot)
    assert report.recorded == 0
    assert [(r.source, r.key) for r in report.rejects] == [
        ("coachings/Coachings", 2),
        ("isip/Contracts", 4),
        ("pcsw/AllClients", 18),
    ]
    assert "another name or birth date" in report.rejects[-1].reason
    assert set(report.rejects_by_reason()) == {report.rejects[-1].reason, "its client could not be placed"}


async def test_a_corrected_national_number_stops_the_client_until_someone_looked(house: House) -> None:
    await house.run(CENTRE)
    corrected = replace(CENTRE, clients=(replace(client(17), national_id=ssin(99)),))
    report = await house.run(corrected)
    assert report.recorded == 0
    assert {r.key for r in report.rejects if "no longer the one" in r.reason} == {17}
    assert all(ssin(n) not in r.reason for r in report.rejects for n in (17, 99))


async def test_who_the_client_is_now_is_told_not_changed(house: House) -> None:
    await house.run(CENTRE)
    married = replace(CENTRE, clients=(replace(client(17), last_name="Anders"),))
    assert [r.key for r in (await house.run(married)).rejects] == [17]
    aid = replace(CENTRE, art60=(), grantings=(granting(17, "Leefloon"),))
    report = await house.run(aid)
    assert report.recorded == 0
    assert any("target group" in r.reason for r in report.rejects)
    assert (await house.run(CENTRE)).rejects == []


async def test_a_dry_run_tells_what_would_be_and_writes_nothing(house: House) -> None:
    rehearsal = RehearsalDoor(real=house.door, directory=lambda: house.directory)
    marks = replace(house.marks(), rehearsal=True)
    report = await house.run(CENTRE, door=rehearsal, marks=marks)
    assert report.events == Counter(ALL)
    assert await house.pool.fetchval("SELECT count(*) FROM dossier") == 0
    assert await house.pool.fetchval("SELECT count(*) FROM inbound_mark") == 0
    await house.run(CENTRE)
    rehearsal = RehearsalDoor(real=house.door, directory=lambda: house.directory)
    assert (await house.run(CENTRE, door=rehearsal, marks=marks)).recorded == 0


async def test_no_mark_or_key_holds_a_national_number_or_a_name(house: House) -> None:
    await house.run(CENTRE)
    kept = str(await house.pool.fetch("SELECT * FROM inbound_mark")) + str(
        await house.pool.fetch("SELECT key FROM idempotency")
    )
    assert ssin(17) not in kept
    assert "Voorbeeld" not in kept
    assert await house.pool.fetchval("SELECT max(changed_at) FROM inbound_mark") >= NOW.astimezone(UTC)


async def test_many_clients_at_once_are_all_placed(house: House) -> None:
    keys = range(100, 160)
    snapshot = replace(
        CENTRE,
        clients=tuple(client(key) for key in keys),
        coachings=tuple(coaching(key, key) for key in keys),
        isip=tuple(isip(key, key) for key in keys),
        art60=(),
        appointments=(),
    )
    report = await house.run(snapshot)
    assert (report.opened, report.rejects, report.recorded) == (60, [], 300)
    assert (await house.run(snapshot)).recorded == 0


async def test_the_report_tells_row_by_row_what_was_recorded(house: House) -> None:
    snapshot = replace(BARE, clients=(client(1),), coachings=(coaching(1, 1),), isip=(isip(1, 1),))
    report = await house.run(snapshot)
    by_row = {f"{source}/{key}": steps for (source, key), steps in report.steps.items()}
    assert sorted(type_ for steps in by_row.values() for type_ in steps) == sorted(report.events.elements())
    assert next(steps for row, steps in by_row.items() if "Client" in row)[0] == "dossier.opened"
    assert next(steps for row, steps in by_row.items() if "isip" in row)[0] == "followUp.planAgreed"
    assert list(report.dossiers.values()) == [(await house.the_dossier()).dossier_id]
    assert (await house.run(snapshot)).steps == {}
