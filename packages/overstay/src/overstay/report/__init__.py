"""Reports: one module an output format, none of which looks at anything but the findings."""
