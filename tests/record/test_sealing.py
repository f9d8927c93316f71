import hashlib
import hmac
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.domain.world import OCMW_1
from tests.record.world import SEALER, Node, ssin

from handover.platform.ids import new_id
from handover.record.sealing import KEY_VERSION, Sealer, Unreadable

SSIN = "80010100107"


def test_the_lookup_is_a_keyed_hash() -> None:
    digest = SEALER.digest(SSIN)
    assert digest == hmac.new(b"l" * 32, b"ssin" + SSIN.encode(), hashlib.sha256).digest()
    assert digest == SEALER.digest(SSIN), "the same each time"
    assert digest != hashlib.sha256(SSIN.encode()).digest()
    assert digest != Sealer(seal_key=b"s" * 32, ssin_key=b"x" * 32).digest(SSIN)


def test_sealed_and_opened() -> None:
    owner = new_id()
    sealed = SEALER.seal("dossier.ssin", owner, SSIN.encode())
    assert SEALER.open("dossier.ssin", owner, sealed) == SSIN.encode()
    assert SSIN.encode() not in sealed
    assert sealed[0] == KEY_VERSION
    assert sealed != SEALER.seal("dossier.ssin", owner, SSIN.encode()), "a nonce of its own each time"
    assert len(sealed) == 1 + 12 + len(SSIN) + 16


def test_it_is_aes_256_gcm_bound_to_its_place() -> None:
    """Opened without our code, as a check on the format."""
    owner = new_id()
    sealed = SEALER.seal("dossier.ssin", owner, SSIN.encode())
    bound = b"dossier.ssin:%d:" % KEY_VERSION + owner.bytes
    assert AESGCM(b"s" * 32).decrypt(sealed[1:13], sealed[13:], bound) == SSIN.encode()


@pytest.mark.parametrize("position", [1, 12, 13, 24, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    owner = new_id()
    changed = bytearray(SEALER.seal("dossier.ssin", owner, SSIN.encode()))
    changed[position] ^= 1
    with pytest.raises(InvalidTag):
        SEALER.open("dossier.ssin", owner, bytes(changed))


def test_a_moved_value_is_noticed() -> None:
    owner = new_id()
    sealed = SEALER.seal("dossier.ssin", owner, SSIN.encode())
    for place, other in (("dossier.ssin", new_id()), ("subscription.secrets", owner), ("dossier.ssin", UUID(int=0))):
        with pytest.raises(InvalidTag):
            SEALER.open(place, other, sealed)
    with pytest.raises(InvalidTag):
        Sealer(seal_key=b"x" * 32, ssin_key=b"l" * 32).open("dossier.ssin", owner, sealed)


async def test_an_ssin_moved_to_another_dossier_does_not_open(one: Node) -> None:
    numbers = [ssin(), ssin()]
    first, second = [(await one.open(OCMW_1, number=number)).dossier.dossier_id for number in numbers]
    found = await one.reader.dossier(first)
    assert found
    assert found[1] == numbers[0]
    await one.pool.execute(
        "UPDATE dossier d SET ssin_sealed = o.ssin_sealed FROM dossier o WHERE d.dossier_id = $1 AND o.dossier_id = $2",
        first,
        second,
    )
    with pytest.raises(Unreadable):
        await one.reader.dossier(first)
    still = await one.reader.dossier(second)
    assert still
    assert still[1] == numbers[1]
