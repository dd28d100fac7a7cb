# One image for every part: `serve --no-worker` (the default), `worker`, `migrate`, …
FROM python:3.13-slim AS packages
WORKDIR /app
COPY requirements.lock .
RUN python -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

FROM python:3.13-slim
WORKDIR /app
# Nothing here belongs to the user it runs as, and nothing is written: data are in PostgreSQL, logs go to the console.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tollgate
COPY --from=packages /app/.venv .venv
COPY domain domain
COPY adapters adapters
COPY service service
COPY graphql_edge graphql_edge
COPY api api
COPY worker worker
COPY migrations migrations
COPY tollgate tollgate
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BILLING_HOST=0.0.0.0 \
    BILLING_LOG_FORMAT=json
USER 10001
EXPOSE 8000
ENTRYPOINT ["python", "-m", "tollgate"]
CMD ["serve", "--no-worker"]
