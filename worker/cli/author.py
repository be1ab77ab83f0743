"""Who gives a command: the operating-system user, as the audit trail of profiles names it."""

from __future__ import annotations

import os
import pwd
import socket

from profiles.authors import Author


def author() -> Author:
    """Return the user this process runs as; for root under sudo also the user who asked for it.

    The user comes from the process and not from LOGNAME, which anyone may set. SUDO_USER is looked at for root
    alone, who could write anything anyway.
    """
    user = os.getuid()
    try:
        who = pwd.getpwuid(user).pw_name
    except KeyError:
        who = f"uid {user}"
    if user == 0 and (behind := os.environ.get("SUDO_USER")):
        who = f"{who} (sudo by {behind})"
    return Author(who=who, via="cli", host=socket.gethostname())
