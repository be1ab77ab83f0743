"""The path of a reply, inward: collect, keep, read, match, act."""
