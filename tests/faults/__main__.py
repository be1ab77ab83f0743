"""`python -m tests.faults`: the long run. Only a `__main__` is not loaded anew by every forked process."""

import sys

from tests.faults.long_run import main

if __name__ == "__main__":
    sys.exit(main())
