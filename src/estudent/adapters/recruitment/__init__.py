"""The recruitment office: the files that it puts into a folder."""
