"""How pages are served: threads, since a request waits for the database most of its time."""

import os

wsgi_app = "web:create_app()"
worker_class = "gthread"
workers = int(os.environ.get("KITELINE_WEB_PROCESSES", "2"))
threads = 8
timeout = 60
graceful_timeout = 5
control_socket_disable = True
accesslog = None  # the application logs each request itself, without personal data
