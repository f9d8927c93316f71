"""VDAB's side: the shapes in which Flemish services already speak of a referral."""
