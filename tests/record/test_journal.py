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
    "one byte of a body": (
        "UPDATE event SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE dossier_id = $1 AND sequence = 5",
        "link 5",
    ),
    "a body in clear instead of the sealed one": (
        "UPDATE event SET body = '{}' WHERE dossier_id = $1 AND sequence = 5",
        "link 5",
    ),
    "one byte of a link": (
        "UPDATE event SET link = set_byte(link, 0, get_byte(link, 0) # 1) WHERE dossier_id = $1 AND sequence = 3",
        "link 3",
    ),
    "the first event": (
        "UPDATE event SET body = set_byte(body, 20, get_byte(body, 20) # 1) WHERE dossier_id = $1 AND sequence = 1",
        "link 1",
    ),
    "two events changed places": (
        """
        UPDATE event e SET body = o.body FROM event o
        WHERE e.dossier_id = $1 AND o.dossier_id = $1 AND (e.sequence, o.sequence) IN ((4, 5), (5, 4))
        """,
        "link 4",
    ),
    "an event cut out": ("DELETE FROM event WHERE dossier_id = $1 AND sequence = 6", "gap"),
    "the tail cut off": ("DELETE FROM event WHERE dossier_id = $1 AND sequence = 8", "head"),
    "the tail cut off and the version with it": (
        """
        WITH cut AS (DELETE FROM event WHERE dossier_id = $1 AND sequence = 8)
        UPDATE dossier SET version = 7 WHERE dossier_id = $1
        """,
        "head",
    ),
    "the state": (
        "UPDATE dossier SET state = set_byte(state, 60, get_byte(state, 60) # 1) WHERE dossier_id = $1",
        "unreadable",
    ),
    "a column beside the body": (
        "UPDATE event SET organisation_id = 'vdab' WHERE dossier_id = $1 AND sequence = 4",
        "columns",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_tampering_is_found(shared: Node, what: str) -> None:
    dossier_id = await _dossier(shared)
    assert await problems(shared.pool, dossier_id) == []
    statement, found = TAMPERING[what]
    changed = await shared.pool.execute(statement, dossier_id)
    assert not changed.endswith(" 0"), "the fault happened"
    assert found in await problems(shared.pool, dossier_id)


async def test_another_dossiers_events_do_not_fit(shared: Node) -> None:
    """The link names the dossier, so equal bytes in another one have another link."""
    first, second = await shared.opened(), await shared.opened()
    bodies = [row["body"] for row in await shared.pool.fetch("SELECT body FROM event WHERE dossier_id = $1", first)]
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
    counted = {subscription: (row["waiting"], row["head"]) for subscription, row in lanes.items()}
    assert counted == {subscriptions[k]: (len(found), found[0]) for k, found in queued.items() if found}
    together = await one.pool.fetch(
        """
        SELECT e.xmin::text = f.xmin::text AND e.xmin::text = d.xmin::text AS same
        FROM event e JOIN feed f USING (dossier_id, sequence) JOIN delivery d USING (dossier_id, sequence)
        """
    )
    assert len(together) > 20
    assert all(row["same"] for row in together), "one transaction wrote an event, its feed rows and deliveries"
