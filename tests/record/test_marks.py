from dataclasses import replace

from tests.domain.world import AT
from tests.record.world import SEALER, Node, ssin

from handover.platform.ids import new_id
from handover.record.marks import InboundMark, find_dossiers, load_marks, save_marks


def _mark(key: str) -> InboundMark:
    return InboundMark(key=key, digest="d", revision=0, dossier_id=new_id(), thread_id=new_id())


async def test_marks_are_kept_per_organisation_and_system(one: Node) -> None:
    marks = [_mark("a"), replace(_mark("b"), thread_id=None)]
    await save_marks(one.pool, "ocmw-lindedal", "lino", marks, at=AT)
    await save_marks(one.pool, "ocmw-waterhoek", "lino", [_mark("a")], at=AT)
    await save_marks(one.pool, "ocmw-lindedal", "other", [_mark("a")], at=AT)
    assert sorted(await load_marks(one.pool, "ocmw-lindedal", "lino"), key=lambda m: m.key) == marks
    again = replace(marks[0], digest="e", revision=1)
    await save_marks(one.pool, "ocmw-lindedal", "lino", [again], at=AT)
    assert sorted(await load_marks(one.pool, "ocmw-lindedal", "lino"), key=lambda m: m.key) == [again, marks[1]]
    assert await load_marks(one.pool, "vdab", "lino") == []


async def test_dossiers_are_found_by_digest(one: Node) -> None:
    number, unknown = ssin(), ssin()
    dossier_id = (await one.open(number=number)).dossier.dossier_id
    digests = [SEALER.digest(number), SEALER.digest(unknown)]
    assert await find_dossiers(one.pool, digests) == {digests[0]: dossier_id}
