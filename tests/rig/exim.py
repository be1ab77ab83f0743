"""A real Exim, unprivileged in a temp folder: STARTTLS and TLS, logins over TLS, everything into one Maildir.

The local part `unknown` is refused with 550 5.1.1, `later` with 451 4.7.1; `dead` is taken, and bounces as from another
server; without a login nothing is relayed. It says of every message that DMARC passed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.rig.mail_home import PASSWORD, USER, MailHome
from tests.rig.programs import Program, find_program, free_ports

CONFIGURATION = """
primary_hostname = mail.rig.test
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {chain}
tls_privatekey = {key}
deliver_drop_privilege = true
never_users =
exim_user = {uid}
exim_group = {gid}
keep_environment =
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_message
smtp_accept_max = 100
smtp_accept_max_per_connection = 1000
host_lookup =
rfc1413_query_timeout = 0s

begin acl
check_recipient:
  deny
    condition = ${{if eq{{$authenticated_id}}{{}}}}
    message = 5.7.1 relay not permitted, log in first
  deny
    local_parts = unknown
    message = 5.1.1 no such user
  defer
    local_parts = later
    message = 4.7.1 greylisted, come back later
  accept
check_message:
  # Who logged in writes from its own domain here; what a message says of itself comes below.
  accept
    add_header = :at_start:Authentication-Results: mail.rig.test; \
      dmarc=pass header.from=${{domain:${{address:$h_from:}}}}

begin routers
dead:
  driver = redirect
  local_parts = dead
  allow_fail
  data = :fail: 550 5.1.1 <$local_part@$domain>: no such user here
everything:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {maildir}
  create_directory = false
  delivery_date_add
  envelope_to_add
  return_path_add
  user = {uid}
  group = {gid}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


@dataclass(frozen=True, slots=True)
class Exim:
    """A running Exim: `port` offers STARTTLS, `tls_port` speaks TLS from the first byte."""

    home: MailHome
    port: int
    tls_port: int
    username: str = USER
    password: str = PASSWORD
    host: str = "127.0.0.1"

    def wait_for(self, count: int, seconds: float = 15.0) -> list[bytes]:
        """Wait until `count` mails lie in the Maildir and return all; fail when they do not come in time."""
        deadline = time.monotonic() + seconds
        while len(found := self.home.messages()) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} mails after {seconds} s: {self.log()}")
            time.sleep(0.02)
        return found

    def log(self) -> str:
        """Return what Exim wrote into its logs."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.home.folder.glob("exim-*log")))


def start_exim(home: MailHome) -> tuple[Exim, Program]:
    """Start Exim.

    Raises:
        Missing: when it is not installed.
    """
    path = find_program("exim4", "exim4-daemon-light")
    port, tls_port = free_ports(2)
    (home.folder / "spool").mkdir(mode=0o700)
    configuration = home.folder / "exim.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=home.folder,
            maildir=home.maildir,
            chain=home.chain,
            key=home.key,
            port=port,
            tls_port=tls_port,
            uid=home.owner.pw_uid,
            gid=home.owner.pw_gid,
            user=USER,
            password=PASSWORD,
        )
    )
    configuration.chmod(0o600)
    home.hand_over()
    program = Program([path, "-C", str(configuration), "-bdf", "-q10s"], home.folder / "exim.out", home.account)
    program.wait_for_port(port)
    return Exim(home, port, tls_port), program
