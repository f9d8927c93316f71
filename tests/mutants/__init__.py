"""Each rule removed in turn: which test notices. Run with `make mutants`."""
