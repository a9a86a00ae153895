async def good_talk(websocket):
    while True:
        text = await websocket.receive_text()
        await websocket.send_text(text)
