"""`python -m sandbox.microsoft365 --folder DIR`."""

import sqlite3
import sys

from sandbox.microsoft365.cloud import opened
from sandbox.microsoft365.options import from_process
from sandbox.microsoft365.web import serve

if __name__ == "__main__":
    options = from_process(sys.argv[1:])
    try:
        cloud = opened(options)
    except sqlite3.OperationalError as error:
        sys.exit(f"cannot use {options.folder}: {error}; does another stand-in use it?")
    except (OSError, ValueError) as error:
        sys.exit(f"cannot use a certificate of the application: {error}")
    serve(cloud)
