"""The fault rig: whether the promises of docs/guarantees.md hold when everything breaks.

`system` builds a whole runmail of real processes; `processes` starts and kills them; `sink` is the receiving
server, a process of its own that writes every mail to disk before it answers; `tally` counts what came of it.
Scenarios use these: the short ones are the tests of this folder, the long ones are the steps of `long_run`.
"""
