"""A stand-in for one university's installation of USOS API, with its errors and delays, on 127.0.0.1 only."""
