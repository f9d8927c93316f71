"""The chain over the stored bytes, and what the outbox gets in the same transaction."""

from uuid import UUID

import pytest
from tests.domain.world import AT, OCMW, OCMW_1, VDAB, VDAB_1
from tests.record.world import Node, expected_links, problems

from handover.platform.ids import new_id
from handover.record import codec


async def _dossier(one: Node) -> UUID:
    dossier_id = await one.opened()
    for who, kind in (
        (OCMW_1, "intake.recorded"),
        (OCMW_1, "handover.requested"),
        (VDAB_1, "handover.accepted"),
        (VDAB_1, "handover.contacted"),
    ):
        await one.post(dossier_id, who, kind)
    return dossier_id


async def test_the_chain_is_over_the_stored_bytes(one: Node) -> None:
    dossier_id = await _dossier(one)
    rows = await one.pool.fetch("SELECT body, link FROM event ORDER BY sequence")
    links = expected_links(dossier_id, [row["body"] for row in rows])
    assert [row["link"] for row in rows] == links
    assert len(set(links)) == len(rows) == 8
    assert await one.pool.fetchval("SELECT head FROM dossier") == links[-1]
    assert await problems(one.pool, dossier_id) == []


def test_link_against_its_definition() -> None:
    dossier_id, body = new_id(), b'{"eventId":"x"}'
    assert codec.link(codec.GENESIS, dossier_id, 1, body) == expected_links(dossier_id, [body])[0]


TAMPERING = {
    "one byte of a body": ("UPDATE event SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE sequence = 5", "link 5"),
    "a word in a body": (
        "UPDATE event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'heftruckattest', 'diploma'), 'UTF8') "
        "WHERE sequence = 5",
        "link 5",
    ),
    "one byte of a link": ("UPDATE event SET link = set_byte(link, 0, get_byte(link, 0) # 1) WHERE sequence = 3", "link 3"),
    "the first event": ("UPDATE event SET body = set_byte(body, 20, get_byte(body, 20) # 1) WHERE sequence = 1", "link 1"),
    "two events changed places": (
        "UPDATE event e SET body = o.body FROM event o WHERE (e.sequence, o.sequence) IN ((4, 5), (5, 4))",
        "link 4",
    ),
    "an event cut out": ("DELETE FROM event WHERE sequence = 6", "gap"),
    "the tail cut off": ("DELETE FROM event WHERE sequence = 8", "head"),
    "the tail cut off and the version with it": (
        "WITH d AS (DELETE FROM event WHERE sequence = 8) UPDATE dossier SET version = 7",
        "head",
    ),
    "the state": (
        "UPDATE dossier SET state = convert_to(replace(convert_from(state, 'UTF8'), 'Voorbeeld', 'Gewijzigd'), 'UTF8')",
        "state",
    ),
    "a column beside the body": ("UPDATE event SET organisation_id = 'vdab' WHERE sequence = 4", "columns"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERING)
async def test_tampering_is_found(one: Node, what: str) -> None:
    dossier_id = await _dossier(one)
    assert await problems(one.pool, dossier_id) == []
    statement, found = TAMPERING[what]
    changed = await one.pool.execute(statement)
    assert not changed.endswith(" 0"), "the fault happened"
    assert found in await problems(one.pool, dossier_id)


async def test_another_dossiers_events_do_not_fit(one: Node) -> None:
    """The link names the dossier, so equal bytes in another one have another link."""
    first, second = await one.opened(), await one.opened()
    bodies = [row["body"] for row in await one.pool.fetch("SELECT body FROM event WHERE dossier_id = $1", first)]
    assert expected_links(first, bodies) != expected_links(second, bodies)


async def test_outbox_in_the_same_transaction(one: Node) -> None:
    """A delivery per entitled subscription and event, the lane counted up, all under one transaction id."""
    subscriptions = {}
    for slug, kind in ((OCMW, "ocmw"), (VDAB, "vdab")):
        await one.pool.execute(
            "INSERT INTO organisation (organisation_id, kind, enterprise_number, name) VALUES ($1, $2, $1, $1)",
            slug,
            kind,
        )
        for name, status, types in (
            ("all", "active", None),
            ("accepted", "active", ["handover.accepted"]),
            ("paused", "paused", None),
            ("disabled", "disabled", None),
        ):
            subscriptions[slug, name] = new_id()
            await one.pool.execute(
                "INSERT INTO subscription (subscription_id, organisation_id, url, event_types, secrets, status, "
                "created_at, changed_at) VALUES ($1, $2, 'https://x.example', $3, '', $4, $5, $5)",
                subscriptions[slug, name],
                slug,
                types,
                status,
                AT,
            )
    await _dossier(one)
    rows = await one.pool.fetch("SELECT subscription_id, sequence, state FROM delivery ORDER BY 1, 2")
    queued = {k: [r["sequence"] for r in rows if r["subscription_id"] == s] for k, s in subscriptions.items()}
    assert queued == {
        (OCMW, "all"): [1, 2, 3, 4, 5, 6, 7, 8],
        (OCMW, "accepted"): [7],
        (OCMW, "paused"): [1, 2, 3, 4, 5, 6, 7, 8],
        (OCMW, "disabled"): [],
        (VDAB, "all"): [5, 6, 7, 8],
        (VDAB, "accepted"): [7],
        (VDAB, "paused"): [5, 6, 7, 8],
        (VDAB, "disabled"): [],
    }
    assert {row["state"] for row in rows} == {"pending"}
    lanes = {row["subscription_id"]: row for row in await one.pool.fetch("SELECT * FROM lane")}
    for name, sequences in queued.items():
        if sequences:
            lane = lanes[subscriptions[name]]
            assert (lane["waiting"], lane["head"]) == (len(sequences), sequences[0])
    torn = await one.pool.fetchval(
        "SELECT count(*) FROM event e JOIN feed f USING (dossier_id, sequence) WHERE e.xmin::text <> f.xmin::text"
    )
    assert torn == 0
