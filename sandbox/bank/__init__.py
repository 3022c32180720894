"""A stand-in of the university's bank: a month of its statements in MT940, camt.053 and CSV, with faults by seed."""
