"""What all entry scripts share: errors without a traceback, Ctrl-C without one too."""

import signal
import sys
from collections.abc import Callable

from .progress import HarnessError


def main(run: Callable[[list[str]], int]) -> int:
    # A plain `kill` unwinds like Ctrl-C, so that servers are stopped; and Ctrl-C does
    # so even where the calling shell had it ignored (a job in the background).
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return run(sys.argv[1:])
    except HarnessError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
