"""`python -m handover` is `handover`."""

from handover.cli.main import app

app()
