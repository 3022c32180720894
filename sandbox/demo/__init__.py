"""The demo: 2,000 students from a recruitment feed to working accounts, on this machine, through Prefect."""
