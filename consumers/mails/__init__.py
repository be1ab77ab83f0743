"""Mails: from a Notice to the bytes of a message.

`rendering` makes subject, text and HTML, the same for all recipients of an event; `compose` makes the message for
one recipient; `wire` checks its final bytes. Nothing here connects, and no text of an event is trusted.
"""
