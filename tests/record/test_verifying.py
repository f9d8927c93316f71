"""What was done to a record is named, with where: the tamper set (scorecard, line 41)."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from tests.domain.world import OCMW_1
from tests.record.world import Node

from handover.platform.clock import Clock
from handover.record import codec, merkle
from handover.record.exporting import lines
from handover.record.log import Log, leaf
from handover.record.notes import Checkpoint, NoteError, Signer, read
from handover.record.verifying import NoExportError, Report, Verdict, verify

SIGNER = Signer("handover.example/log", bytes(range(32)))
FORGER = Signer("handover.example/log", bytes(32))
Export = list[dict[str, Any]]


async def _made(node: Node, dossiers: int = 3, steps: int = 3) -> Export:
    ids = [await node.opened() for _ in range(dossiers)]
    for _ in range(steps):
        for dossier_id in ids:
            await node.post(dossier_id, OCMW_1, "followUp.appointmentPlanned")
        await Log(node.pool, SIGNER).seal(Clock().now())
    return await _exported(node)


async def _exported(node: Node) -> Export:
    async with node.pool.acquire() as connection:
        return [json.loads(line) async for line in lines(connection, SIGNER.verifier_key, Clock().now())]


def _verify(export: Export, **more: Any) -> Report:  # noqa: ANN401 - what verify takes
    earlier = more.pop("earlier", None)
    if earlier is not None:
        more["earlier"] = _bytes(earlier)
    return verify(_bytes(export), verifier_key=SIGNER.verifier_key, **more)


def _bytes(export: Export) -> list[bytes]:
    return [json.dumps(line).encode() for line in export]


def _events(export: Export) -> Export:
    return [line for line in export if line["line"] == "event"]


def _notes(export: Export) -> list[str]:
    return [line["note"] for line in export if line["line"] == "checkpoint"]


def _recount(export: Export) -> Export:
    export[-1]["events"] = len(_events(export))
    return export


def _forged(export: Export, signer: Signer | None) -> Export:
    """Compute links, places and checkpoints anew, as a forger with the program would; sign only with a key."""
    head, dossier, tree, sizes = codec.GENESIS, None, {}, {read(note).size: note for note in _notes(export)}
    for event in _events(export):
        if event["dossierId"] != dossier:
            dossier, head = event["dossierId"], codec.GENESIS
        head = codec.link(head, UUID(dossier), event["sequence"], base64.b64decode(event["body"]))
        event["link"] = base64.b64encode(head).decode()
        tree[event["position"]] = leaf(UUID(dossier), event["sequence"], head)
    if signer is not None:
        for line in export:
            if line["line"] == "checkpoint":
                frontier = merkle.Frontier()
                for position in range(read(line["note"]).size):
                    frontier.append(tree[position])
                line["note"] = signer.sign(Checkpoint(signer.name, frontier.size, frontier.root))
    assert sizes
    return export


def _change_body(export: Export) -> tuple[str, int]:
    event = _events(export)[4]
    event["body"] = base64.b64encode(b'{"data":{"changed":true}}').decode()
    return event["dossierId"], event["sequence"]


def _change_one_bit(export: Export) -> tuple[str, int]:
    event = _events(export)[7]
    body = bytearray(base64.b64decode(event["body"]))
    body[10] ^= 1
    event["body"] = base64.b64encode(bytes(body)).decode()
    return event["dossierId"], event["sequence"]


def _change_link(export: Export) -> tuple[str, int]:
    event = _events(export)[2]
    event["link"] = base64.b64encode(hashlib.sha256(b"else").digest()).decode()
    return event["dossierId"], event["sequence"]


def _remove_in_the_middle(export: Export) -> tuple[str, int]:
    events = _events(export)
    export.remove(events[2])
    _recount(export)
    return events[3]["dossierId"], events[3]["sequence"]


def _swap_two(export: Export) -> tuple[str, int]:
    first, second = export[2], export[3]
    for name in ("body", "link"):
        first[name], second[name] = second[name], first[name]
    return first["dossierId"], first["sequence"]


def _insert(export: Export) -> tuple[str, int]:
    copy = dict(export[3]) | {"position": None}
    export.insert(4, copy)
    _recount(export)
    return copy["dossierId"], copy["sequence"]


def _same_place(export: Export) -> tuple[str, int]:
    export[4]["position"] = export[3]["position"]
    return export[4]["dossierId"], export[4]["sequence"]


@pytest.mark.parametrize(
    "change",
    [_change_body, _change_one_bit, _change_link, _remove_in_the_middle, _swap_two, _insert, _same_place],
    ids=lambda change: change.__name__.strip("_"),
)
async def test_tampered_and_where(shared: Node, change: Callable[[Export], tuple[str, int]]) -> None:
    export = await _made(shared)
    assert _verify(export).word == "ok"
    dossier_id, sequence = change(export)
    report = _verify(export)
    assert report.verdict is Verdict.TAMPERED
    named = {(str(f.dossier_id), f.sequence) for f in report.findings if f.verdict is Verdict.TAMPERED}
    assert (dossier_id, sequence) in named
    assert len(named) <= 3, "no more is blamed than was done, and the one after it"


async def test_a_changed_checkpoint_is_tampered(shared: Node) -> None:
    export = await _made(shared)
    for line in export:
        if line["line"] == "checkpoint":
            line["note"] = line["note"].replace("\n\n", "x\n\n", 1).replace("x\n", "\n", 1).replace("=", "A=", 1)
            break
    with pytest.raises(NoteError):
        read(next(iter(_notes(export))))
    assert _verify(export).verdict is Verdict.TAMPERED


async def test_a_cut_tail_is_truncated_and_its_place_is_named(shared: Node) -> None:
    export = await _made(shared)
    last = [line for line in _events(export) if line["dossierId"] == export[1]["dossierId"]][-1]
    export.remove(last)
    report = _verify(_recount(export))
    assert report.verdict is Verdict.TRUNCATED
    assert f"place {last['position']} of the log" in str(report.findings[-1])
    assert not [f for f in report.findings if f.verdict is Verdict.TAMPERED], "its chain alone shows nothing"


async def test_a_dossier_that_is_gone_altogether_is_truncated(shared: Node) -> None:
    export = await _made(shared)
    gone = export[1]["dossierId"]
    left = [line for line in export if line.get("dossierId") != gone]
    report = _verify(_recount(left), earlier=export)
    assert report.verdict is Verdict.TRUNCATED
    named = {(f.dossier_id, f.sequence) for f in report.findings if f.dossier_id}
    assert named == {(UUID(gone), line["sequence"]) for line in _events(export) if line["dossierId"] == gone}


async def test_an_older_backup_is_truncated_for_who_kept_a_checkpoint(one: Node) -> None:
    older = await _made(one, dossiers=2)
    newer = await _made(one, dossiers=2)
    assert _verify(older).word == "ok", "by itself it is whole"
    kept = _notes(newer)[-1]
    report = _verify(older, trusted=kept)
    assert report.verdict is Verdict.TRUNCATED
    first, last = len(_events(older)), read(kept).size - 1
    assert f"places {first} to {last} ({last - first + 1} events)" in str(report.findings[-1])
    named = {(str(f.dossier_id), f.sequence) for f in _verify(older, earlier=newer).findings if f.dossier_id}
    before = {(line["dossierId"], line["sequence"]) for line in _events(older)}
    assert named == {(line["dossierId"], line["sequence"]) for line in _events(newer)} - before
    assert _verify(newer, trusted=_notes(older)[-1], earlier=older).word == "ok", "growing is not forking"


async def test_a_history_that_was_written_anew_is_forked(shared: Node) -> None:
    export = await _made(shared)
    kept = _notes(export)[-1]
    _change_body(export)
    # Without the key: its own checkpoints still sign for the other history.
    report = _verify(_forged(export, None))
    assert report.verdict is Verdict.FORKED
    assert not [f for f in report.findings if f.verdict is Verdict.TAMPERED]
    # With another key: not signed by whom it should be.
    assert _verify(_forged(export, FORGER)).verdict is Verdict.TAMPERED
    # With the very key: only who kept a checkpoint can tell.
    forged = _forged(export, SIGNER)
    assert _verify(forged).word == "ok"
    assert _verify(forged, trusted=kept).verdict is Verdict.FORKED


async def test_an_erased_key_is_no_tampering(shared: Node) -> None:
    export = await _made(shared)
    export.insert(-1, {"line": "erased", "dossierId": export[1]["dossierId"]})
    report = _verify(export)
    assert (report.verdict, report.word) == (Verdict.KEY_ERASED, "key-erased")
    _change_one_bit(export)
    assert _verify(export).verdict is Verdict.TAMPERED, "the gravest counts"


async def test_events_that_are_not_sealed_yet_hold_by_their_chain(shared: Node) -> None:
    export = await _made(shared)
    await shared.post(UUID(export[1]["dossierId"]), OCMW_1, "followUp.appointmentPlanned")
    later = await _exported(shared)
    report = _verify(later)
    assert report.word == "ok"
    assert report.events == report.sealed + 1


async def test_an_export_that_breaks_off_says_so(shared: Node) -> None:
    export = await _made(shared)
    assert _verify(export[:-1]).verdict is Verdict.TRUNCATED
    assert _verify([*export[:-1], export[-1] | {"events": 1}]).verdict is Verdict.TAMPERED
    for broken in ([], export[1:], [*export, export[1]], [export[0] | {"format": "x"}, *export[1:]]):
        with pytest.raises((NoExportError, NoteError)):
            verify(_bytes(broken))
    with pytest.raises(NoExportError, match="line 2"):
        verify([_bytes(export)[0], b"{}"])


def test_exit_codes_are_five_and_differ() -> None:
    assert {verdict.name: int(verdict) for verdict in Verdict} == {
        "TAMPERED": 3,
        "FORKED": 5,
        "TRUNCATED": 4,
        "KEY_ERASED": 6,
        "OK": 0,
    }
