"""What answers: agents with a memory, on language models without one."""
