"""The parts of bench/run.py: programs (builds them), machine (runs them), a module per section, table."""
