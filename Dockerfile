# Two stages: what builds the program with its pages, and what runs it.
FROM rust:1.95-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates nodejs npm \
    build-essential clang libclang-dev cmake pkg-config libssl-dev \
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev \
    libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libavutil-dev libswresample-dev libswscale-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The dependencies' objects stay with the builder: a second build compiles what changed.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked && install -D target/release/ferric /out/ferric && strip --strip-debug /out/ferric

FROM debian:12-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates curl \
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav \
    libavcodec59 libavdevice59 libavfilter8 libavformat59 libavutil57 libswresample4 libswscale6 \
    && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --home-dir /var/lib/ferric --create-home --shell /usr/sbin/nologin ferric
COPY --from=build /out/ferric /usr/local/bin/ferric
USER ferric
WORKDIR /var/lib/ferric
VOLUME /var/lib/ferric
EXPOSE 8080/tcp 5060/tcp 5060/udp 20000-29999/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD curl -fsS http://127.0.0.1:8080/healthz || exit 1
ENTRYPOINT ["ferric"]
CMD ["serve", "--data", "/var/lib/ferric", "--http", "0.0.0.0:8080", "--sip", "0.0.0.0:5060"]
