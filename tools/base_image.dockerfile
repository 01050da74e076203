# The image for the tests where there are no Debian packages at hand but a registry answers.
FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl git make nodejs procps \
    && rm -rf /var/lib/apt/lists/*
