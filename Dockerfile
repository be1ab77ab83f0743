# The image of runmail: `runmail` is its entry point, so `docker run runmail worker` is a worker.
# The same Python as the tests run on. Everything third-party is pinned with hashes in requirements/run.lock.
FROM python:3.11.15-slim-bookworm AS build

RUN python -m venv /opt/runmail
COPY requirements/run.lock /tmp/run.lock
RUN /opt/runmail/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement /tmp/run.lock \
    && /opt/runmail/bin/pip uninstall --yes pip setuptools
COPY worker /app/worker
COPY consumers /app/consumers
COPY profiles /app/profiles
COPY examples /app/examples
# Compiled here, because the running image cannot write.
RUN printf '#!/opt/runmail/bin/python\nfrom worker.cli.main import run\n\nrun()\n' > /opt/runmail/bin/runmail \
    && chmod 0755 /opt/runmail/bin/runmail \
    && /opt/runmail/bin/python -m compileall -q /app /opt/runmail/lib


FROM python:3.11.15-slim-bookworm

RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/runmail --shell /usr/sbin/nologin runmail \
    && install --directory --owner runmail --group runmail --mode 0700 /var/lib/runmail
COPY --from=build /opt/runmail /opt/runmail
COPY --from=build /app /app
ENV PATH=/opt/runmail/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RUNMAIL_HOME=/var/lib/runmail \
    RUNMAIL_LOG_FORMAT=json \
    RUNMAIL_HEALTH_PORT=9464
WORKDIR /var/lib/runmail
VOLUME /var/lib/runmail
USER 10001:10001
STOPSIGNAL SIGTERM
# /healthz says whether the threads of a worker or clock still move; another command has none and is ended by itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:%s/healthz' % os.environ['RUNMAIL_HEALTH_PORT'], timeout=4)"]
ENTRYPOINT ["runmail"]
CMD ["--help"]
