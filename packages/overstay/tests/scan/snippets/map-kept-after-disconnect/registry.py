sessions = {}
by_peer = {}
tidy = {}
swept = {}


def sweep(now):
    for key in [key for key, entry in swept.items() if entry.is_old(now)]:
        del swept[key]
