"""The command line, one command a file: each adds its parser and does its work."""
