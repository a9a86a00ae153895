class Engine:
    async def close(self): ...


async def bad_close(engine):
    if hasattr(engine, "close"):  # bad
        await engine.close()


class BadContext:
    async def close(self):
        if self.agent and hasattr(self.agent, "close"):  # bad
            await self.agent.close()
        if self.tts is not None and hasattr(self.tts, "aclose"):  # bad
            await self.tts.aclose()


async def bad_stop(thread):
    if hasattr(thread, "stop"):  # bad
        thread.stop()


def bad_all(parts):
    for part in parts:
        if hasattr(part, "shutdown"):  # bad
            part.shutdown()


async def bad_cancel(job):
    try:
        print(job)
    finally:
        if hasattr(job, "cancel"):  # bad
            job.cancel()


async def good_always(engine):
    await engine.close()


async def good_two_names(engine):
    if hasattr(engine, "aclose"):
        await engine.aclose()
    else:
        engine.close()


async def good_complaint(engine):
    if hasattr(engine, "close"):
        await engine.close()
    else:
        raise TypeError("an engine needs close()")


async def good_known_class(engine: Engine):
    if hasattr(engine, "close"):
        await engine.close()


def good_other_attribute(frame):
    if hasattr(frame, "text"):
        print(frame.text)


def good_none(engine):
    if engine is not None:
        engine.close()


def good_asked_only(engine):
    if hasattr(engine, "close"):
        print("can be closed")
