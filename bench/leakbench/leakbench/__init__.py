"""The parts of the leak benchmark's runner; `README.md` beside it has the case format and the scoring rules."""
