"""What others would have used for the same task, each in the way its own documentation recommends."""
