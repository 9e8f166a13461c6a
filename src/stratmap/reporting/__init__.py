"""Results to files for people and machines. Import what you need from its modules; this file imports nothing."""
