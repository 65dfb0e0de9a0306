# syntax=docker/dockerfile:1
# The image of `karya serve`, `karya work` and `karya migrate up`. Migrations, reference data, templates, fonts and the
# documentation pages are compiled in: the program is the only file of ours.

# The version in rust-toolchain.toml; a test compares them.
ARG RUST_VERSION=1.95.0

FROM rust:${RUST_VERSION}-slim-trixie AS build
# The image's own toolchain, without the components that only developers need.
ARG RUST_VERSION
ENV RUSTUP_TOOLCHAIN=${RUST_VERSION} CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
WORKDIR /src
COPY . .
# The crates and what they were compiled to stay in the builder's cache: after a change only ours are built anew.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package karya \
    && install -D target/release/karya /out/usr/local/bin/karya \
    && install -d -m 700 /out/var/lib/karya/storage

# Of C libraries the program needs glibc and libgcc, and at run time the certificate authorities for mail relays and
# calendars: that is what distroless/cc holds. No shell, no package manager, a tenth of debian-slim.
FROM gcr.io/distroless/cc-debian13:nonroot

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Karya" \
      org.opencontainers.image.description="REST backend of a marketplace for creative-economy SMEs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

COPY LICENSE /licenses/LICENSE
COPY --from=build /out/usr/local/bin/karya /usr/local/bin/karya
# A named volume that is new takes owner and mode from here.
COPY --from=build --chown=65532:65532 /out/var/lib/karya /var/lib/karya

ENV KARYA__SERVER__BIND=0.0.0.0:8080 \
    KARYA__SERVER__METRICS_BIND=0.0.0.0:9090 \
    KARYA__WORKER__METRICS_BIND=0.0.0.0:9091 \
    KARYA__STORAGE__URL=/var/lib/karya/storage

# A number, so that orchestrators can tell that it is not root.
USER 65532:65532
# Where an optional karya.toml is looked for. Nothing is written but under /var/lib/karya/storage.
WORKDIR /etc/karya
EXPOSE 8080 9090 9091
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 CMD ["/usr/local/bin/karya", "health"]
ENTRYPOINT ["/usr/local/bin/karya"]
CMD ["serve"]
