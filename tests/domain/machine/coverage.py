"""What the machine's runs took, kept for the summary and for the test that names what they did not."""

from collections import Counter

from tests.domain.machine.driver import Taken

COVERED: Counter[Taken] = Counter()
RUNS: list[int] = []
