import asyncio
import contextlib
from asyncio import CancelledError


async def bad_pass(work):
    while True:
        try:
            await work()
        except asyncio.CancelledError:  # bad
            pass


async def bad_base(work):
    while True:
        try:
            await work()
        except BaseException as error:  # bad
            print(error)


async def bad_bare(work):
    while True:
        try:
            await work()
        except:  # bad
            continue


async def bad_tuple(work):
    while True:
        try:
            await asyncio.sleep(1)
            await work()
        except (ValueError, CancelledError):  # bad
            print("again")


async def bad_suppressed(work):
    while True:
        with contextlib.suppress(asyncio.CancelledError):  # bad
            await work()


async def bad_messages(websocket, handle):
    async for message in websocket:
        try:
            await handle(message)
        except asyncio.CancelledError:  # bad
            print("interrupted")


async def good_raise(work):
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            print(error)


async def good_break(work):
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            break


async def good_exception_only(work):
    while True:
        try:
            await work()
        except Exception as error:
            print(error)


async def good_waited_for(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


async def good_all_of_them(tasks):
    while tasks:
        task = tasks.pop()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass


async def good_not_in_a_loop(work):
    try:
        await work()
    except asyncio.CancelledError:
        print("ended")


def good_plain(work):
    while True:
        try:
            work()
        except BaseException:
            pass


async def good_suppressed_task(tasks):
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def good_base_raises(work):
    while True:
        try:
            await work()
        except BaseException:
            print("failed")
            raise
