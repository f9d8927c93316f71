import io
import json
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from handover.platform.log import REDACTED, configure, redact, redact_text

PLAIN = "85073003328"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "written",
    [
        PLAIN,
        "85.07.30-033.28",
        "85.07.30 033 28",
        "85/07/30-033-28",
        "850730-033-28",
        "850730 03328",
        "85.07.30 - 033.28".replace(" - ", "- "),
        "85%2007%2030%20033%2028",
        "85\u00a007\u00a030\u2013033.28",
        "85073003399",
    ],
)
def test_a_national_number_is_redacted_however_it_is_written(written: str) -> None:
    assert redact_text(f"client {written}.") == f"client {REDACTED}."
    assert redact_text(f"/clients/{written}/") == f"/clients/{REDACTED}/"
    assert redact_text(f"rijksregisternummer{written}x") == f"rijksregisternummer{REDACTED}x"


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-22T13:54:01.123456Z",
        "1795356152123",
        "0123456789",
        "123456789012",
        "018f8d5e-7a3b-7c11-9a2b-085073003328",
        "018f8d5e-7a3b-7c11-9a2b-a85073003328",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "a85073003328bc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8",
        "10.0.0.12:8000",
    ],
)
def test_what_is_no_national_number_stays(harmless: str) -> None:
    assert redact_text(harmless) == harmless


def test_redaction_reaches_every_depth_and_type() -> None:
    @dataclass
    class Client:
        ssin: str

    found = redact(
        {
            "deep": [{"er": ({"est": f"x {PLAIN}"},)}],
            "number": int(PLAIN),
            "bytes": PLAIN.encode(),
            "object": Client(PLAIN),
            "error": ValueError(PLAIN),
            PLAIN: 1,
            "kept": [1, 2.5, True, None, "text"],
            "id": uuid.UUID("018f8d5e-7a3b-7c11-9a2b-a91234567890"),
        }
    )
    assert PLAIN not in repr(found)
    assert isinstance(found, dict)
    assert found["kept"] == [1, 2.5, True, None, "text"]
    assert found["id"] == "018f8d5e-7a3b-7c11-9a2b-a91234567890"


def test_redaction_ends_on_a_structure_that_contains_itself() -> None:
    loop: dict[str, object] = {"ssin": PLAIN}
    loop["again"] = loop
    assert PLAIN not in repr(redact(loop))


def test_the_log_is_json_and_holds_no_national_number_from_any_logger() -> None:
    out = io.StringIO()
    configure("info", stream=out)
    structlog.stdlib.get_logger("own").info("opened", client=PLAIN, inner={"n": ["85.07.30-033.28"]})
    logging.getLogger("foreign").warning("row %s of %s", PLAIN, "table")
    structlog.stdlib.get_logger("own").debug("below the level")
    try:
        int(f"x {PLAIN}")
    except ValueError:
        structlog.stdlib.get_logger("own").exception("failed")
        logging.getLogger("foreign").exception("failed there")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert PLAIN not in out.getvalue()
    assert "85.07.30" not in out.getvalue()
    assert [line["event"] for line in lines] == [
        "opened",
        f"row {REDACTED} of table",
        "failed",
        "failed there",
    ]
    assert lines[0]["client"] == REDACTED
    assert lines[0]["inner"] == {"n": [REDACTED]}
    assert lines[0]["level"] == "info"
    assert lines[0]["logger"] == "own"
    assert lines[0]["timestamp"].endswith("Z")
    assert all(f"x {REDACTED}" in line["exception"] for line in lines[2:])


def test_a_person_gets_readable_lines_without_national_numbers() -> None:
    out = io.StringIO()
    configure("info", stream=out, pretty=True)
    structlog.stdlib.get_logger("own").info("opened", client=PLAIN)
    assert "opened" in out.getvalue()
    assert REDACTED in out.getvalue()
    assert not out.getvalue().startswith("{")
