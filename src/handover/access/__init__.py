"""Who is asking: bearer tokens become a `Caller`, or a reason why not."""
