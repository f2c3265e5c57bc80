"""How pages are served: threads, since a request waits for the database most of its time."""

import gc
import os

wsgi_app = "web:create_app()"
worker_class = "gthread"
workers = int(os.environ.get("KITELINE_WEB_PROCESSES", "2"))
threads = 8
timeout = 60
graceful_timeout = 5
control_socket_disable = True
accesslog = None  # the application logs each request itself, without personal data


def post_worker_init(worker: object) -> None:
    """What the application is made of stays: the collector does not search it again and again."""
    gc.collect()
    gc.freeze()
