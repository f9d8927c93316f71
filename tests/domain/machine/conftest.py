import pytest
from tests.domain.machine.coverage import COVERED, RUNS
from tests.domain.machine.driver import all_rows


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much of the tables chance came to, whether or not anybody asks for output."""
    if not RUNS:
        return
    rows = all_rows()
    left = sorted(rows - set(COVERED))
    terminalreporter.write_sep("-", "state machine")
    terminalreporter.write_line(
        f"{len(RUNS)} runs, {sum(RUNS)} moves; transitions covered {len(rows) - len(left)} of {len(rows)}; "
        f"not by chance, so one by one in test_unreached: {len(left)}"
    )
    for event, start, when in left:
        terminalreporter.write_line(f"  {event} from {start}{f' ({when})' if when else ''}")
