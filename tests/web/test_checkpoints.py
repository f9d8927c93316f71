"""Checkpoints and receipts over HTTP, verified by the reader alone."""

import base64
from uuid import UUID

from tests.instance import Instance

from handover.record import log, merkle
from handover.record.notes import Verifier


async def test_a_reader_can_verify_what_it_was_told(api: Instance) -> None:
    ocmw, vdab = api.party("ocmw-lindedal"), api.party("vdab")
    assert (await ocmw.get("/v1/checkpoints/latest")).status_code == 404
    dossier_id = await ocmw.open()
    event = (await ocmw.get(f"/v1/dossiers/{dossier_id}/events")).json()["items"][0]
    path = f"/v1/dossiers/{dossier_id}/events/{event['eventId']}/receipt"
    early = await ocmw.get(path)
    assert early.status_code == 404
    assert "ask again in 60 seconds" in early.text
    await api.worker.log.seal(api.worker.clock.now())
    first = (await ocmw.get("/v1/checkpoints/latest")).json()
    verifier = Verifier(first["verifierKey"])
    assert verifier.opened(first["note"]).size == first["size"] == 2
    await ocmw.open(ssin="00010100204", birthDate="2000-01-01")
    await api.worker.log.seal(api.worker.clock.now())
    second = (await vdab.get("/v1/checkpoints/latest")).json()
    assert (await ocmw.get(f"/v1/checkpoints/{second['size']}")).json() == second

    receipt = (await ocmw.get(path)).json()
    point = verifier.opened(receipt["note"])
    leaf = log.leaf(UUID(dossier_id), receipt["sequence"], base64.b64decode(receipt["link"]))
    hashes = [base64.b64decode(one) for one in receipt["path"]]
    assert merkle.includes(point.root, point.size, receipt["position"], leaf, hashes)
    assert (await vdab.get(path)).status_code == 404, "it is not in that dossier"

    grown = (await ocmw.get(f"/v1/checkpoints/{second['size']}/growth", since=first["size"])).json()
    old, new = verifier.opened(grown["first"]["note"]), verifier.opened(grown["second"]["note"])
    hashes = [base64.b64decode(one) for one in grown["path"]]
    assert merkle.grew(old.size, old.root, new.size, new.root, hashes)


async def test_what_there_is_no_checkpoint_of(api: Instance) -> None:
    ocmw = api.party("ocmw-lindedal")
    await ocmw.open()
    await api.worker.log.seal(api.worker.clock.now())
    assert (await ocmw.get("/v1/checkpoints/3")).status_code == 404
    assert (await ocmw.get("/v1/checkpoints/2/growth", since="1")).status_code == 404
    for bad in ("/v1/checkpoints/x", "/v1/checkpoints/2/growth", "/v1/checkpoints/99999999999999999999"):
        assert (await ocmw.get(bad)).status_code == 400, bad
