"""Identification with wrong information: says what differs, gives nothing away, is logged and bounded."""

from tests.instance import Instance, number

PERSON = {
    "ssin": number(61),
    "givenName": "Voorbeeld",
    "familyName": "Een",
    "birthDate": "1980-01-01",
    "legalBasisId": "demo-protocol",
}
_ADDRESS = "/v1/identifications/search"


async def test_match_mismatch_and_unknown(api: Instance) -> None:
    await api.party("ocmw-lindedal").open(ssin=PERSON["ssin"])
    vdab = api.party("vdab")  # in no dossier of this client

    async def asked(**changes: str) -> dict[str, object]:
        answer = await vdab.post(_ADDRESS, PERSON | changes)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    assert await asked() == {"result": "match"}
    assert await asked(givenName="VOORBEELD", familyName="een") == {"result": "match"}, "as people write it"
    assert await asked(birthDate="1980-01-02") == {"result": "mismatch", "differs": ["birthDate"]}
    both = await asked(givenName="Iemand", familyName="Anders")
    assert both == {"result": "mismatch", "differs": ["givenName", "familyName"]}
    assert await asked(ssin=number(62)) == {"result": "unknown"}
    rows = await api.pool.fetch(
        "SELECT outcome, legal_basis_id, dossier_id IS NOT NULL AS known FROM access_log "
        "WHERE action = 'identifyPerson' ORDER BY entry"
    )
    outcomes = [(row["outcome"], row["known"]) for row in rows]
    assert outcomes == [("seen", True), ("seen", True), ("notFound", True), ("notFound", True), ("notFound", False)]
    assert {row["legal_basis_id"] for row in rows} == {"demo-protocol"}


async def test_only_with_a_legal_basis_and_not_for_partners(api: Instance) -> None:
    unknown = await api.party("vdab").post(_ADDRESS, PERSON | {"legalBasisId": "nothing"})
    assert unknown.status_code == 400
    assert unknown.json()["issues"][0]["name"] == "legalBasisId"
    partners = [o for o in api.services.directory_now().organisations.values() if str(o.kind) == "partner"]
    refused = await api.party(partners[0].organisation_id).post(_ADDRESS, PERSON)
    assert refused.status_code == 403


async def test_guessing_is_bounded_for_each_person(api: Instance) -> None:
    vdab, ocmw = api.party("vdab"), api.party("ocmw-lindedal")
    statuses = [
        (await vdab.post(_ADDRESS, PERSON | {"birthDate": f"1980-01-{day:02}"})).status_code for day in range(1, 13)
    ]
    assert statuses == [200] * 10 + [429] * 2
    last = await vdab.post(_ADDRESS, PERSON)
    assert int(last.headers["Retry-After"]) > 60
    assert (await vdab.post(_ADDRESS, PERSON | {"ssin": number(63)})).status_code == 200, "another person"
    assert (await ocmw.post(_ADDRESS, PERSON)).status_code == 200, "another organisation"
