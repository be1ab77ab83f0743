"""The command line: one file a group of commands. Exit codes: 0 done, 1 the thing failed, 2 wrong use."""
