"""What every adapter shares: the contract, plans, and what brings a plan about in the record."""
