"""`runmail demo`: the whole of runmail on one machine, with mail servers of its own, to be looked at."""
