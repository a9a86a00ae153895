"""The static scan: patterns in the project's source that leave something behind when clients come and go."""
