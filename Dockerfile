# syntax=docker/dockerfile:1
# stratmap with its models: the web app by default, any command of it by name. At run time it needs no network.
#   docker build -t stratmap .
#   docker run --read-only --tmpfs /tmp -v stratmap-data:/data -p 127.0.0.1:7860:7860 stratmap
# Other parts of it: docker build --build-arg EXTRAS=milvus,ray -t stratmap .

FROM python:3.11-slim AS build
ARG EXTRAS=""
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src src
COPY models models
COPY corpora/strategy corpora/strategy
# The virtual environment is moved whole, so that nothing of the build stays in the image that runs.
RUN python -m venv /opt/stratmap \
    && /opt/stratmap/bin/pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}" \
    && /opt/stratmap/bin/python -m compileall -q /opt/stratmap/lib \
    && /opt/stratmap/bin/pip uninstall --yes pip

FROM python:3.11-slim
LABEL org.opencontainers.image.title="stratmap" \
      org.opencontainers.image.description="Maps reports to a strategic framework with evidence, and answers questions with checked quotations; offline." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 stratmap \
    && useradd --uid 10001 --gid stratmap --home-dir /data --no-create-home --shell /usr/sbin/nologin stratmap \
    && install -d -o stratmap -g stratmap -m 0750 /data
COPY --from=build /opt/stratmap /opt/stratmap
COPY deploy/stratmap.toml.example /etc/stratmap/stratmap.toml
ENV PATH=/opt/stratmap/bin:$PATH \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_OFFLINE=1 \
    RAY_USAGE_STATS_ENABLED=0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/health', timeout=4)"]
ENTRYPOINT ["stratmap"]
CMD ["app", "--host", "0.0.0.0", "--port", "7860", "--index", "/data/index", "--settings", "/etc/stratmap/stratmap.toml"]
