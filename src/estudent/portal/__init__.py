"""eStudent, the web portal in which students do their part."""
