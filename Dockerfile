# Three stages: the pages, the program, and what runs it.
FROM debian:12 AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates curl nodejs npm \
    build-essential clang libclang-dev cmake pkg-config libssl-dev \
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev \
    libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libavutil-dev libswresample-dev libswscale-dev \
    && rm -rf /var/lib/apt/lists/*
# A Rust toolchain comes from the image that the builder names: docker build --build-context rust=docker-image://rust:1.95-bookworm
COPY --from=rust /usr/local/cargo /usr/local/cargo
COPY --from=rust /usr/local/rustup /usr/local/rustup
ENV PATH=/usr/local/cargo/bin:$PATH RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo
WORKDIR /src

FROM build AS pages
COPY web web
RUN cd web && npm ci && npm run build

FROM build AS program
COPY . .
COPY --from=pages /src/web/dist web/dist
RUN cargo build --release --locked

FROM debian:12-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates curl \
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav \
    libavcodec59 libavdevice59 libavfilter8 libavformat59 libavutil57 libswresample4 libswscale6 \
    && rm -rf /var/lib/apt/lists/* && useradd --system --uid 10001 --home /var/lib/ferric --create-home ferric
COPY --from=program /src/target/release/ferric /usr/local/bin/ferric
USER ferric
WORKDIR /var/lib/ferric
VOLUME /var/lib/ferric
EXPOSE 8080/tcp 5060/tcp 5060/udp 20000-29999/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD curl -fsS http://127.0.0.1:8080/healthz || exit 1
ENTRYPOINT ["ferric"]
CMD ["serve", "--data", "/var/lib/ferric", "--http", "0.0.0.0:8080", "--sip", "0.0.0.0:5060"]
