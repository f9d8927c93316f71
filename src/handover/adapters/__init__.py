"""One folder per outside system; `kit` is what they share."""
