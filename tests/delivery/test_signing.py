import time

import pytest
from cryptography.exceptions import InvalidTag
from standardwebhooks import Webhook, WebhookVerificationError

from handover.delivery import keyring, signing
from handover.platform.clock import Clock
from handover.platform.ids import new_id
from handover.record.sealing import Sealer


def test_the_vector_of_the_standard() -> None:
    signed = signing.signature(
        [signing.key_of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_either_secret_of_two_verifies_and_a_third_does_not() -> None:
    first, second, third = (signing.new_secret() for _ in range(3))
    now, body = int(time.time()), b'{"a":"\xc3\xa9"}'
    headers = {
        "webhook-id": "one",
        "webhook-timestamp": str(now),
        "webhook-signature": signing.signature([signing.key_of(s) for s in (first, second)], "one", now, body),
    }
    assert Webhook(first).verify(body, headers) == Webhook(second).verify(body, headers) == {"a": "é"}
    with pytest.raises(WebhookVerificationError):
        Webhook(third).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(body + b" ", headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_é", "whsec_" + "A" * 100, "no base64!"])
def test_a_bad_secret_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(ValueError, match="secret") as refused:
        signing.key_of(secret)
    assert not secret or secret not in str(refused.value)


def test_the_old_secret_signs_for_a_day_after_a_rotation() -> None:
    at = Clock().now()
    old, new = signing.new_secret(), signing.new_secret()
    ring = keyring.rotated((keyring.Secret(old),), keyring.Secret(new), at)
    both = (signing.key_of(new), signing.key_of(old))
    assert keyring.keys_at(ring, at) == both
    assert keyring.keys_at(ring, at + keyring.OVERLAP) == both[:1]
    newest = signing.new_secret()
    again = keyring.rotated(ring, keyring.Secret(newest), at + keyring.OVERLAP / 2)
    assert keyring.keys_at(again, at + keyring.OVERLAP / 2) == (signing.key_of(newest), *both)
    assert keyring.keys_at(again, at + keyring.OVERLAP) == (signing.key_of(newest), both[0])


def test_sealed_secrets_open_for_their_own_subscription_only() -> None:
    sealer = Sealer(seal_key=b"1" * 32, ssin_key=b"2" * 32)
    mine, secret = new_id(), keyring.new()
    sealed = keyring.seal(sealer, mine, (secret,))
    assert secret.secret.removeprefix("whsec_").encode() not in sealed
    assert secret.private.removeprefix("whsk_").encode() not in sealed
    assert keyring.unseal(sealer, mine, sealed) == (secret,)
    with pytest.raises(InvalidTag):
        keyring.unseal(sealer, new_id(), sealed)
