"""A stand-in for one university's installation of USOS API, with its errors and delays."""
