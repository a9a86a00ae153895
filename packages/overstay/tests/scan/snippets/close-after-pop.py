class BadHandler:
    def __init__(self):
        self.contexts = {}
        self.connections = {}

    async def bad_get(self, client_uid):
        self.contexts.pop(client_uid, None)
        context = self.contexts.get(client_uid)  # bad
        if context:
            await context.close()

    async def bad_index(self, client_uid):
        self.contexts.pop(client_uid)
        await self.contexts[client_uid].close()  # bad

    async def bad_delete(self, client_uid):
        del self.contexts[client_uid]
        context = self.contexts.get(client_uid)  # bad
        if context is not None:
            await context.close()

    async def bad_nested(self, client_uid):
        self.contexts.pop(client_uid, None)
        self.connections.pop(client_uid, None)
        try:
            if context := self.contexts.get(client_uid):  # bad
                await context.close()
        finally:
            print(client_uid)


sessions = {}


def bad_module(session):
    sessions.pop(session.id)
    if sessions.get(session.id):  # bad
        sessions.get(session.id).close()


async def bad_kept_in_vain(sid):
    gone = sessions.pop(sid, None)
    session = sessions.get(sid)  # bad
    await session.close()
    return gone


async def good_popped(client_uid):
    context = sessions.pop(client_uid, None)
    if context is not None:
        await context.close()


async def good_get_first(client_uid):
    context = sessions.get(client_uid)
    sessions.pop(client_uid, None)
    await context.close()


async def good_put_back(client_uid, make):
    sessions.pop(client_uid, None)
    sessions[client_uid] = make()
    return sessions.get(client_uid)


async def good_other_key(client_uid, other):
    sessions.pop(client_uid, None)
    return sessions.get(other)


async def good_other_table(client_uid, contexts):
    sessions.pop(client_uid, None)
    return contexts.get(client_uid)


async def good_other_branch(client_uid, leaves):
    if leaves:
        sessions.pop(client_uid, None)
    else:
        return sessions.get(client_uid)


def good_new_key(names):
    name = names[0]
    sessions.pop(name)
    name = names[1]
    return sessions.get(name)


def good_positions(lines, at):
    lines.pop(0)
    return lines[0]
