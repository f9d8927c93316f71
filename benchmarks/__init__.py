"""How fast it is, each figure beside its limit or a peer in the same run: `make bench`."""
