"""What a university means by a student, without any system behind it; the standard library only."""
