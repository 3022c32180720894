"""What the flow `requests` does, without Prefect: `python -m sandbox.serving_requests` serves until it is stopped."""

from __future__ import annotations

import time

from estudent.bootstrap import campus
from estudent.ports import FarSideError

BEGUN = "serving requests"
PAUSE = 0.3


def main() -> None:
    """Take what waits a step further, again and again; whatever is out of reach is asked again."""
    print(BEGUN, flush=True)
    with campus("flow requests", "sandbox") as here:
        while True:
            try:
                here.serve_requests.run()
            except FarSideError as error:
                print(f"{type(error).__name__}: {error}", flush=True)
            time.sleep(PAUSE)


if __name__ == "__main__":
    main()
