"""From what was seen to what it means: sessions, cohorts, counters and latencies to findings. Nothing here looks."""
