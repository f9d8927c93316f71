"""The operator's program: one module per command."""
