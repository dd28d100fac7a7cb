"""What the server logs about its clients' mistakes is not our error."""

import logging


class _ClientMistakes(logging.Filter):
    # uvicorn closes a socket whose text is not UTF-8 as it should (1007), and logs a traceback with it.
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg != "Invalid UTF-8 sequence received from client."


_client_mistakes = _ClientMistakes()


def ignore_client_mistakes() -> None:
    """Keep tracebacks that any client can cause out of uvicorn's log. Calling it again changes nothing."""
    logging.getLogger("uvicorn.error").addFilter(_client_mistakes)
