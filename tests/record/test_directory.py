from dataclasses import replace
from datetime import date

import asyncpg
import pytest
from tests.record.world import Node

from handover.domain.codes import OrganisationKind, Purpose
from handover.domain.parties import Counsellor, LegalBasis, Organisation, Party
from handover.record.directory import load_directory, save_counsellor, save_legal_basis, save_organisation

ORGANISATION = Organisation(
    organisation_id="ocmw-lindedal",
    kind=OrganisationKind.OCMW,
    enterprise_number="0123456749",
    name="OCMW Lindedal",
    phone="+32 2 555 01 00",
    email="onthaal@lindedal.example",
    coordinator="ocmw-lindedal.coordinator",
)
COUNSELLOR = Counsellor(
    counsellor_id="ocmw-lindedal.trajectbegeleider-1",
    organisation_id="ocmw-lindedal",
    name="Trajectbegeleider Lindedal 1",
    team="Activering",
    function="Trajectbegeleider",
    phone="+32 2 555 01 01",
    email="1@lindedal.example",
)
BASIS = LegalBasis(
    legal_basis_id="demo-protocol",
    title="Voorbeeldprotocol",
    reference="demo:protocol:1",
    purposes=frozenset({Purpose.TRAINING, Purpose.LANGUAGE}),
    valid_from=date(2020, 1, 1),
    valid_until=date(2027, 12, 31),
)


async def test_saved_and_loaded(one: Node) -> None:
    await save_organisation(one.pool, ORGANISATION)
    await save_counsellor(one.pool, COUNSELLOR)
    await save_legal_basis(one.pool, BASIS)
    directory = await load_directory(one.pool)
    assert dict(directory.organisations) == {"ocmw-lindedal": ORGANISATION}
    assert dict(directory.counsellors) == {COUNSELLOR.counsellor_id: COUNSELLOR}
    assert dict(directory.legal_bases) == {"demo-protocol": BASIS}
    today = date(2026, 11, 23)
    assert directory.contact("ocmw-lindedal", None, today).counsellor == "ocmw-lindedal.coordinator"
    assert directory.contact("nergens", None, today) == Party(organisation="nergens")
    assert directory.counsellor_of("ocmw-lindedal", COUNSELLOR.counsellor_id) == COUNSELLOR
    assert directory.counsellor_of("vdab", COUNSELLOR.counsellor_id) is None


async def test_saving_again_brings_up_to_date(one: Node) -> None:
    changed = (
        replace(ORGANISATION, name="Welzijn Lindedal", kind=OrganisationKind.PARTNER, phone=""),
        replace(COUNSELLOR, team="Onthaal", function="", email=""),
        replace(BASIS, purposes=frozenset(Purpose), valid_until=None),
    )
    for organisation, counsellor, basis in ((ORGANISATION, COUNSELLOR, BASIS), changed):
        await save_organisation(one.pool, organisation)
        await save_counsellor(one.pool, counsellor)
        await save_legal_basis(one.pool, basis)
    directory = await load_directory(one.pool)
    assert [*directory.organisations.values(), *directory.counsellors.values(), *directory.legal_bases.values()] == [
        *changed
    ]


async def test_nobody_works_for_an_organisation_that_is_not_there(one: Node) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await save_counsellor(one.pool, COUNSELLOR)


@pytest.mark.parametrize(
    ("day", "allowed"),
    [(date(2019, 12, 31), False), (date(2020, 1, 1), True), (date(2027, 12, 31), True), (date(2028, 1, 1), False)],
)
def test_a_basis_allows_its_purposes_in_its_period(day: date, allowed: bool) -> None:  # noqa: FBT001
    assert BASIS.allows(Purpose.TRAINING, day) is allowed
    assert not BASIS.allows(Purpose.SOCIAL_SUPPORT, day)
