"""`python -m sandbox.microsoft365 --folder DIR`."""

import sys

from sandbox.microsoft365.cloud import opened
from sandbox.microsoft365.options import from_process
from sandbox.microsoft365.web import serve

if __name__ == "__main__":
    serve(opened(from_process(sys.argv[1:])))
