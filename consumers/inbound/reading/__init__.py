"""Understanding a mail: from its octets to one named outcome. Pure functions, no I/O, never raising.

Read `read_mail` first: it is the whole way, from top to bottom. Nothing here knows the database, a mailbox or the
network; what only they know (our addresses, mails seen before) is an argument.
"""
