"""A real Dovecot, unprivileged in a temp folder: IMAP with STARTTLS and TLS on the Maildir that Exim fills."""

from __future__ import annotations

import grp
import subprocess
from dataclasses import dataclass

from tests.rig.mail_home import PASSWORD, USER, MailHome
from tests.rig.programs import Missing, Program, find_program, free_ports

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {account}
default_internal_group = {group}
default_login_user = {account}
first_valid_uid = 1
ssl = required
ssl_cert = <{chain}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{maildir}
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # No waiting after refused logins, which all tests would share.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running Dovecot: `port` requires STARTTLS, `tls_port` speaks TLS from the first byte."""

    home: MailHome
    port: int
    tls_port: int
    username: str = USER
    password: str = PASSWORD
    host: str = "127.0.0.1"

    def log(self) -> str:
        """Return what Dovecot wrote into its log."""
        return (self.home.folder / "dovecot.log").read_text(errors="replace")


def start_dovecot(home: MailHome) -> tuple[Dovecot, Program]:
    """Start Dovecot.

    Raises:
        Missing: when it is not installed, or is one whose configuration is another language.
    """
    path = find_program("dovecot", "dovecot-imapd")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3."):
        raise Missing(f"the rig's configuration is for Dovecot 2.3, this is {version.strip()}")
    port, tls_port = free_ports(2)
    (home.folder / "home").mkdir(mode=0o700)
    configuration = home.folder / "dovecot.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=home.folder,
            maildir=home.maildir,
            chain=home.chain,
            key=home.key,
            port=port,
            tls_port=tls_port,
            account=home.owner.pw_name,
            group=grp.getgrgid(home.owner.pw_gid).gr_name,
            uid=home.owner.pw_uid,
            gid=home.owner.pw_gid,
        )
    )
    (home.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    home.hand_over()
    program = Program([path, "-F", "-c", str(configuration)], home.folder / "dovecot.out", home.account)
    program.wait_for_port(tls_port)
    return Dovecot(home, port, tls_port), program
