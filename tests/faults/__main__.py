"""`python -m tests.faults`: the long run. Only a `__main__` is not loaded anew by every forked process."""

import signal
import sys

from tests.faults.long_run import main

if __name__ == "__main__":
    # Told to end, it ends what it started: servers and workers are processes of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
