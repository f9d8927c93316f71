import base64

import pytest

from handover.record.notes import Checkpoint, NoteError, Signer, Verifier, read

SIGNER = Signer("handover.example/log", bytes(range(32)))
POINT = Checkpoint("handover.example/log", 42, bytes(range(32)))


def test_a_note_is_text_that_its_key_opens() -> None:
    note = SIGNER.sign(POINT)
    root = base64.b64encode(bytes(range(32))).decode()
    assert note.startswith(f"handover.example/log\n42\n{root}\n\n\u2014 handover.example/log ")
    assert note.endswith("\n")
    assert Verifier(SIGNER.verifier_key).opened(note) == read(note) == POINT


def test_the_example_verifier_key_of_the_standard() -> None:
    """C2SP signed-note, "Verifier keys": the id is taken over name and key."""
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert Verifier(key).name == "PeterNeumann"
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
        "b6KE6RyyBwJnAM=\n"
    )
    with pytest.raises(NoteError, match="no checkpoint"):
        Verifier(key).opened(note)


@pytest.mark.parametrize(
    ("old", "new"),
    [("42", "43"), ("handover.example/log\n42", "other.example/log\n42"), ("AAEC", "AAED")],
)
def test_a_changed_note_opens_no_more(old: str, new: str) -> None:
    changed = SIGNER.sign(POINT).replace(old, new, 1)
    with pytest.raises(NoteError, match="does not fit"):
        Verifier(SIGNER.verifier_key).opened(changed)


def test_a_note_of_another_opens_not() -> None:
    note = Signer("handover.example/log", bytes(32)).sign(POINT)
    with pytest.raises(NoteError, match="not signed by"):
        Verifier(SIGNER.verifier_key).opened(note)


@pytest.mark.parametrize("note", ["", "a", "a\n1\nb\n\n", "a\n-1\nAAAA\n\n", "a\n01\nAAAA\n\n", "a\n1\nAAAA\nx\n\n"])
def test_what_is_no_note(note: str) -> None:
    with pytest.raises(NoteError):
        read(note)


@pytest.mark.parametrize("key", ["", "a+b", "a+b+c", "a+00000000+AQ==", f"x{SIGNER.verifier_key}"])
def test_what_is_no_verifier_key(key: str) -> None:
    with pytest.raises(NoteError):
        Verifier(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_names_that_would_break_a_note(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Signer(name, bytes(32))
