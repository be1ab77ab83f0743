"""The test rig: mail servers and certificate authorities that tests run against.

`authority` makes certificates, `smtp_server` is a server that misbehaves on demand, `exim` and `dovecot`
start the real ones, `fixtures` offers all of them to tests.
"""
