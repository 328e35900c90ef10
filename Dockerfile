# The service alone, against DATABASE_URL and S3_*: see docker-compose.yml for everything around it.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock .
# Without pip in it: the image that runs has nothing to install with.
RUN python3 -m venv --without-pip /venv \
 && python3 -m pip --python /venv/bin/python3 install \
    --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.lock

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /venv /venv
WORKDIR /service
COPY migrations migrations
COPY app app
# A number, so that Kubernetes' runAsNonRoot can see that it is not root. Nothing here is writable.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python3", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', '8000')}/livez\", timeout=4)"]
ENTRYPOINT ["python3", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0"]
