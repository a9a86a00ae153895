"""The parts of the precision benchmark; `README.md` beside it says how its figures are made."""
