"""The ledger: what happened to every event and to every mail, in the database.

The tables are in `tables`, the words for their states in `states`. The verbs have a file each: `recording`
(accept), `awaiting` and `overdue` (runs that announced an end), `planning` (plan), `claiming` (claim), `settling`
(data, settle), `sweeping` (take back, find what is due), `deciding` (a person's decisions), `waiting` (what follows its
profile) and `books` (audit). Each verb works on a group of items inside a transaction it is given; `writer` makes those
groups. Nothing here knows SMTP, Redis or dramatiq.
"""
