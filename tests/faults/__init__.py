"""The fault bench: each line of the scorecard provoked for real, with proof of it. Run with `make faults`."""
