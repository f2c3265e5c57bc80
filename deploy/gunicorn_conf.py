"""How pages are served: threads, since a request waits for the database most of its time."""

import gc
import os
from typing import Any

import structlog
from gunicorn.glogging import Logger

wsgi_app = "web:create_app()"
worker_class = "gthread"
workers = int(os.environ.get("KITELINE_WEB_PROCESSES", "2"))
threads = 8
timeout = 60
graceful_timeout = 5
control_socket_disable = True
accesslog = None  # the application logs each request itself, without personal data


class Quiet(Logger):  # type: ignore[misc]  # gunicorn says no types of its own
    """An answer that broke off while it was sent is past the application's own hands: gunicorn would write its address, with
    what somebody searched for, and the words of the error.
    """

    def join(self) -> None:
        """What a worker says passes the hands every library's lines pass in the application, which hide numbers and the
        words of errors, and no handler of its own.
        """
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        """The kind and the places, in a line like the application's."""
        if str(msg).startswith("Error handling request"):
            structlog.get_logger("gunicorn").error("request.broke_off", exc_info=True)
        else:
            super().exception(msg, *args, **kwargs)


logger_class = Quiet


def post_worker_init(worker: Any) -> None:
    """The application is there, and its lines. What it is made of stays: the collector does not search it again and again."""
    worker.log.join()
    gc.collect()
    gc.freeze()
