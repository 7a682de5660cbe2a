# The controller's image for those who build with Docker; `make image` builds the same without it.
#
#   docker build --tag change-admission .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag … --push .
#
# Native code is linked for the architecture that it is built on, so each platform is built on that platform (or under emulation, slowly).
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends clang zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src ./src
RUN dotnet publish src/ChangeAdmission.Controller --configuration Release --use-current-runtime --output /app

# glibc, OpenSSL, CA certificates and time zones; no shell, no package manager.
FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled-extra
COPY --from=build /app /app
WORKDIR /app
USER 65532
EXPOSE 8443 8080
ENTRYPOINT ["/app/change-admission"]
