"""Where the command begins: what comes before the first import, so that Ctrl-C is quiet from there on."""

import signal
import sys


def main() -> int:
    """Run the command line; Ctrl-C that finds nothing to end is exit status 130. Being terminated is a Ctrl-C, too."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from overstay.cli import main as command_line  # noqa: PLC0415 - importing takes most of the command's start

        return command_line()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
