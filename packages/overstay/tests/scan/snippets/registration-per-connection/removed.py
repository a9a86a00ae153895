import logging

from starlette.websockets import WebSocket

logger = logging.getLogger(__name__)


async def good_removed(websocket: WebSocket):
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    try:
        await websocket.receive_text()
    finally:
        logger.removeHandler(handler)
