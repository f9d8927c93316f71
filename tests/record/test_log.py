"""The log over all dossiers: every event once, in order, and proofs that verify."""

import asyncio

import pytest
from tests.domain.world import OCMW_1
from tests.record.world import Node

from handover.platform.clock import Clock
from handover.record import codec, log, merkle
from handover.record.log import Log
from handover.record.notes import Signer, Verifier

SIGNER = Signer("handover.example/log", bytes(range(32)))
STEP = "followUp.appointmentPlanned"


def _log(node: Node) -> Log:
    return Log(node.pool, SIGNER)


async def test_every_event_is_a_leaf_once_and_in_order(one: Node) -> None:
    ours, at = _log(one), Clock().now()
    assert await ours.seal(at) is None
    assert await ours.latest() is None
    dossiers = [await one.opened() for _ in range(3)]
    for dossier_id in dossiers * 2:
        await one.post(dossier_id, OCMW_1, STEP)
    signed = await ours.seal(at)
    assert signed is not None
    assert await ours.seal(at) is None, "nothing new"
    await one.post(dossiers[0], OCMW_1, STEP)
    grown = await ours.seal(at)
    assert grown is not None
    assert grown.size == signed.size + 1
    assert await ours.latest() == grown
    rows = await one.pool.fetch("SELECT * FROM log_leaf ORDER BY position")
    assert [row["position"] for row in rows] == list(range(grown.size))
    assert {(row["dossier_id"], row["sequence"]) for row in rows} == {
        (row["dossier_id"], row["sequence"]) for row in await one.pool.fetch("SELECT dossier_id, sequence FROM event")
    }
    for dossier_id in dossiers:
        sequences = [row["sequence"] for row in rows if row["dossier_id"] == dossier_id]
        assert sequences == sorted(sequences)
    frontier = merkle.Frontier()
    for row in rows:
        link = await one.pool.fetchval(
            "SELECT link FROM event WHERE dossier_id = $1 AND sequence = $2", row["dossier_id"], row["sequence"]
        )
        frontier.append(log.leaf(row["dossier_id"], row["sequence"], link))
    assert Verifier(SIGNER.verifier_key).opened(grown.note).root == frontier.root


async def test_receipts_and_growth_verify_against_what_was_signed(one: Node) -> None:
    ours, at, verifier = _log(one), Clock().now(), Verifier(SIGNER.verifier_key)
    dossier_id = await one.opened()
    points = []
    for _ in range(5):
        for _ in range(3):
            await one.post(dossier_id, OCMW_1, STEP)
        signed = await ours.seal(at)
        assert signed is not None
        points.append(verifier.opened(signed.note))
    for first in points:
        path = await ours.growth(first.size, points[-1].size)
        assert merkle.grew(first.size, first.root, points[-1].size, points[-1].root, path)
    for row in await one.pool.fetch("SELECT event_id, sequence, link FROM event"):
        receipt = await ours.receipt(dossier_id, row["event_id"])
        assert receipt is not None
        found = log.leaf(dossier_id, row["sequence"], row["link"])
        point = verifier.opened(receipt.note)
        assert point == points[-1]
        assert merkle.includes(point.root, point.size, receipt.position, found, receipt.path)
    unsealed = await one.post(dossier_id, OCMW_1, STEP)
    event = codec.decode_event(unsealed.bodies[0])
    assert await ours.receipt(dossier_id, event.event_id) is None


async def test_several_that_seal_at_once_make_one_log(two: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PAGE", 2)
    first, second = two
    dossier_id = await first.opened()
    for _ in range(9):
        await first.post(dossier_id, OCMW_1, STEP)
    logs = [_log(node) for node in (first, second, first, second)]
    for _ in range(3):
        await asyncio.gather(*(one.seal(Clock().now()) for one in logs))
    events = await first.pool.fetchval("SELECT count(*) FROM event")
    assert await first.pool.fetchval("SELECT count(*) FROM log_leaf") == events
    latest = await logs[0].latest()
    assert latest is not None
    assert latest.size == events


async def test_a_process_that_died_before_it_signed_leaves_it_to_the_next(one: Node) -> None:
    ours = _log(one)
    dossier_id = await one.opened()
    await one.post(dossier_id, OCMW_1, STEP)
    assert await ours._add()  # noqa: SLF001 - what is done when it dies in between
    assert await ours.latest() is None
    signed = await ours.seal(Clock().now())
    assert signed is not None
    assert signed.size == await one.pool.fetchval("SELECT count(*) FROM log_leaf")


async def test_what_the_feed_does_not_show_yet_is_sealed_later(one: Node) -> None:
    ours = _log(one)
    async with one.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT pg_current_xact_id()")
        await one.opened()
        assert await ours.seal(Clock().now()) is None
        await transaction.commit()
    assert await ours.seal(Clock().now()) is not None
