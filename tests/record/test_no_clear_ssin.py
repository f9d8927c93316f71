"""A national number is nowhere in the database in a form that can be read, and the search for it can find one."""

import base64
import hashlib

import asyncpg
from tests.domain.world import AT, OCMW_1, VDAB_1
from tests.record.world import SEALER, Node, ssin

from handover.platform.clock import Clock
from handover.record.handle import Request
from handover.record.marks import InboundMark, save_marks
from handover.record.once import Once


def _forms(number: str) -> dict[str, str]:
    """Every way in which a number could lie about; base64 in its three alignments."""
    dashed = f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"
    forms = {
        "plain": number,
        "formatted": dashed,
        "spaced": dashed.replace(".", " ").replace("-", " "),
        "slashed": dashed.replace("-", "/"),
        "hex": number.encode().hex(),
        "hex of formatted": dashed.encode().hex(),
        "number in hex": f"{int(number):x}",
        "plain hash": hashlib.sha256(number.encode()).hexdigest(),
        "backwards": number[::-1],
    }
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + number.encode()).decode()
        # The first and last characters of the run also hold bits of its neighbours.
        forms[f"base64, shifted {shift}"] = encoded[-(-shift * 8 // 6) :].rstrip("=")[: (len(number) * 8) // 6 - 1]
    # What stands in a bytea column is shown in hexadecimal.
    return forms | {f"{name}, as bytes": form.encode().hex() for name, form in forms.items()}


async def _dump(pool: asyncpg.Pool) -> dict[str, str]:
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 12
    dump = {}
    for name in (row["tablename"] for row in tables):
        rows = await pool.fetch(f'SELECT t::text AS row FROM "{name}" t')  # noqa: S608 - a table of ours
        dump[name] = "\n".join(row["row"] for row in rows)
    return dump


async def _found(pool: asyncpg.Pool, number: str) -> set[tuple[str, str]]:
    dump = await _dump(pool)
    return {
        (table, form)
        for table, text in dump.items()
        for form, needle in _forms(number).items()
        if needle.lower() in text.lower()
    }


async def _lived_in(one: Node) -> str:
    """A dossier with everything that a dossier may hold, and the tables beside it filled too."""
    number = ssin()
    dossier_id = (
        await one.open(OCMW_1, number=number, key="open", fingerprint=SEALER.digest(number))
    ).dossier.dossier_id
    await one.open(VDAB_1, number=number, key="join", fingerprint=b"f")
    for who, kind in (
        (OCMW_1, "intake.recorded"),
        (OCMW_1, "handover.requested"),
        (VDAB_1, "handover.accepted"),
        (OCMW_1, "followUp.art60Started"),
    ):
        await one.post(dossier_id, who, kind, key=kind, fingerprint=b"f")
    mark = InboundMark(key="client/7", digest="d", revision=1, dossier_id=dossier_id, thread_id=None)
    await save_marks(one.pool, "ocmw-lindedal", "lino", [mark], at=AT)

    async def made() -> bytes:
        return number.encode()

    await Once(one.pool, SEALER, Clock()).answer("vdab", Request(key="once", fingerprint=b"f"), made)
    return number


async def test_the_database_holds_no_readable_ssin(one: Node) -> None:
    number = await _lived_in(one)
    dump = await _dump(one.pool)
    assert all(
        dump[table]
        for table in ("dossier", "event", "feed", "idempotency", "ssin_lookup", "inbound_mark", "request_once")
    )
    assert await _found(one.pool, number) == set()
    found = await one.reader.find(number)
    assert found, "though it is known by it"


async def test_the_search_finds_a_planted_one(one: Node) -> None:
    number = await _lived_in(one)
    clean = await one.pool.fetchval("SELECT body FROM event WHERE sequence = 2")
    for form in ("plain", "formatted", "spaced", "slashed", "hex", "plain hash", "number in hex", "backwards"):
        needle = _forms(number)[form]
        await _plant(one, f"x{needle}y", clean + needle.encode())
        found = await _found(one.pool, number)
        assert {("inbound_mark", form), ("event", f"{form}, as bytes")} <= found
    for shift in range(6):
        planted = base64.b64encode(b"\xff" * shift + number.encode() + b"\xff" * 5)
        await _plant(one, planted.decode(), clean + planted)
        tables = {table for table, form in await _found(one.pool, number) if form.startswith("base64")}
        assert tables == {"inbound_mark", "event"}, shift
    await _plant(one, "", clean)
    assert await _found(one.pool, number) == set()


async def _plant(one: Node, text: str, body: bytes) -> None:
    await one.pool.execute("UPDATE inbound_mark SET digest = $1", text)
    await one.pool.execute("UPDATE event SET body = $1 WHERE sequence = 2", body)
